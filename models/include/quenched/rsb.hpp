#pragma once
#include <quenched/erm.hpp>

namespace quenched {

/// States overlap q0 with each other and q1 with themselves; q0 = q1 is replica symmetry.
struct RsbOverlaps {
  double m_k = unknown, q0_k = unknown, q1_k = unknown, V_k = unknown;
  double m_v = unknown, q0_v = unknown, q1_v = unknown, V_v = unknown;
};

struct RsbOptions {
  double tolerance = 1e-3;  // target for the largest uncertainty, relative to max(1, |value|)
  Start start = Start::informed;
  int points = 0;  // as in ErmOptions
  std::uint64_t seed = 1;
  int threads = 0;
  // As in ErmOptions for the replica-symmetric solution; for the states beyond it, over all Y, ten times
  // that.
  double work = default_work;
};

/// One-step replica-symmetry breaking of ridge-regularised ERM at zero temperature (docs/equations.md,
/// section 8).
struct RsbResult {
  RsbOverlaps overlaps;
  double parisi = unknown;  // Y; unknown where replica symmetry is stable and every Y gives the same
  double test_error = unknown, train_error = unknown;
  double potential = unknown;   // phi(Y): the ground state's energy per D at the Y where it is largest
  double energy = unknown;      // of the states, per D
  double complexity = unknown;  // log-number of states per D
  double gain = unknown;        // phi(Y) - phi of the replica-symmetric solution, by the same rule
  struct {
    double test_error = unknown, train_error = unknown, potential = unknown, energy = unknown,
           complexity = unknown, gain = unknown;
    double parisi = unknown;
    RsbOverlaps overlaps;
  } uncertainty;
  // The stability eigenvalue is the larger of the two.
  double inside_eigenvalue = unknown, inside_error = unknown, between_eigenvalue = unknown,
         between_error = unknown;
  bool broken = false;  // false: this is the replica-symmetric solution
  Certificate certificate;
};

/// At the Parisi parameter Y > 0, or where phi(Y) is largest: that is not looked for where may_split()
/// says no. Replica symmetry's solution there, and where the states merge. Throws InvalidInput
/// as erm() does, and for Y that is not finite and > 0.
[[nodiscard]] RsbResult rsb(const Problem& problem, const Activation& activation, double alpha,
                            double ridge_k, double ridge_v, std::optional<double> parisi = {},
                            const RsbOptions& options = {});

}  // namespace quenched
