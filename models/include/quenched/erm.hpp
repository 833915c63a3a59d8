#pragma once
#include <optional>
#include <quenched/activation.hpp>
#include <quenched/bayes.hpp>
#include <quenched/certificate.hpp>
#include <quenched/task.hpp>
#include <string>
#include <vector>

namespace quenched {

struct OrderParameters {
  double m_k = unknown, q_k = unknown, V_k = unknown, m_v = unknown, q_v = unknown, V_v = unknown;
};

struct ErmOptions {
  double tolerance = 1e-4;  // target for the largest uncertainty, relative to max(1, |value|)
  Start start = Start::informed;
  // Refined until the tolerance is met or this many points are spent (in steps of 4, from 4096); 0: the
  // rule's own budget.
  int points = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  std::optional<OrderParameters> from;  // a neighbour on the curve
  // Further starts that look for a branch of lower energy, on a coarse rule: a larger ridge followed down,
  // the opposite start, then random ones. Energies decide for the informed start, which moves there; the
  // uninformed one stays.
  int branches = 2;
  // Off where many solutions are compared: stability and jumps (unknown then), the eigenvalue of the cross
  // overlaps.
  bool responses = true, symmetry = true;
  // Of sampled rules, in passes over a token of a sample (about 20 ns): half for the solution, a sixth each
  // for other branches, responses and the cross overlaps. Where it is reached the best so far is given, and
  // said to be that.
  double work = default_work;
};

/// A fixed point found on a coarse rule, its energy by the same rule.
struct Branch {
  std::string
      start;  // that first led to it: this (the solution itself), larger ridge, uninformed, random 1, ...
  OrderParameters overlaps;
  double energy;
};

/// Replica-symmetric ridge-regularised ERM (docs/equations.md, section 5).
struct ErmResult {
  OrderParameters overlaps;
  double test_error = unknown, train_error = unknown, energy = unknown;
  struct {
    double test_error = unknown, train_error = unknown, energy = unknown;
    OrderParameters overlaps;
  } uncertainty;
  int level = 0;                 // of the resolution that met the tolerance
  std::vector<Branch> branches;  // distinct ones seen, the lowest energy first
  std::size_t branch = 0;        // the place of this one among them
  Certificate certificate;
};

/// Distinct fixed points from `own` and from options.branches other starts, the lowest energy first; `own`
/// alone when the coarse rule has no fixed point near it. Throws OutOfWork past options.work. Cost: some 20
/// evaluations of the map a start.
[[nodiscard]] std::vector<Branch> erm_branches(const Problem& problem, const Activation& activation,
                                               double alpha, double ridge_k, double ridge_v,
                                               const OrderParameters& own, const ErmOptions& options = {});

/// Throws InvalidInput unless alpha > 0, ridge_k > 0, ridge_v > 0, all finite; also for a scale-invariant
/// activation, whose ridge term has an infimum at k -> 0 but no minimum.
[[nodiscard]] ErmResult erm(const Problem& problem, const Activation& activation, double alpha,
                            double ridge_k, double ridge_v, const ErmOptions& options = {});

}  // namespace quenched
