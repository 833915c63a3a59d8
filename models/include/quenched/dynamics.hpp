#pragma once
#include <cstdint>
#include <quenched/activation.hpp>
#include <quenched/certificate.hpp>
#include <quenched/overlaps.hpp>
#include <quenched/task.hpp>
#include <string>
#include <vector>

namespace quenched {

enum class Descent {
  sgd,   // one fresh sample a step, time = steps/D, D to infinity at fixed learning rate
  flow,  // population gradient flow: the same at learning rate -> 0, time = learning rate steps/D
  preconditioned_flow  // each of k, v divided by its mean Gauss-Newton curvature plus the ridge
};
/// "sgd", "flow", "preconditioned-flow".
[[nodiscard]] std::string name_of(Descent method);
/// Throws InvalidInput (key `method`) for an unknown name.
[[nodiscard]] Descent descent_named(const std::string& name);

struct DynamicsSpecification {
  Descent method = Descent::sgd;
  double learning_rate = 0.5;  // eta of sgd
  double ridge = 0.1;          // lambda: each step shrinks k and v by 1 - eta lambda/D
  Overlaps start = {.q_k = 1, .q_v = 1};
  std::vector<double> times;  // increasing
};

struct DynamicsOptions {
  double tolerance = 1e-3;  // absolute target for the errors of overlaps and risk
  int points = 0;           // a replicate, a power of two; 0: refined to the tolerance
  std::uint64_t seed = 1;   // of the scramblings
  int threads = 0;          // the result does not depend on it
};

struct DynamicsState {
  double time = unknown;
  Overlaps overlaps = {unknown, unknown, unknown, unknown, unknown, unknown, unknown};
  double test_error = unknown;  // E (y - f)^2, Delta included
  struct {
    double time = unknown;
    Overlaps overlaps = {unknown, unknown, unknown, unknown, unknown, unknown, unknown};
    double test_error = unknown;
  } uncertainty;
  Certificate certificate;
};

/// The overlaps of (k, v) along descent on (y - f)^2/2 + lambda (|k|^2 + |v|^2)/2 at infinite D, an ordinary
/// differential equation in all seven (docs/equations.md, section 9): Dormand and Prince's method on averages
/// over scrambled Sobol points. Each of 16 scramblings follows its own equation; the spread of the solutions
/// gives the errors (three times the standard error, plus what a tenfold tolerance of the integrator changes,
/// the residual). A state that diverges, or an error above the tolerance, is a verdict. Throws InvalidInput
/// for an impossible start, times that are not increasing, finite and >= 0, a learning rate or tolerance that
/// is not > 0, a ridge < 0. Cost: a second for 30 times at L = 2 and tolerance 1e-3, growing like 1/tolerance
/// and L.
[[nodiscard]] std::vector<DynamicsState> dynamics(const Problem& problem, const Activation& activation,
                                                  const DynamicsSpecification& specification,
                                                  const DynamicsOptions& options = {});

/// The first time, up to times.back(), at which the risk is down to `risk`, and the state then; its time is
/// NaN, the verdict not_converged and the state that of times.back() when it is not reached (by any
/// scrambling).
[[nodiscard]] DynamicsState first_time_below(double risk, const Problem& problem,
                                             const Activation& activation,
                                             const DynamicsSpecification& specification,
                                             const DynamicsOptions& options = {});

}  // namespace quenched
