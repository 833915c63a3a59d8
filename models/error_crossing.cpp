#include <cmath>
#include <quenched/error_crossing.hpp>
#include <quenched/invalid_input.hpp>

#include "log_root.hpp"

namespace quenched {

std::optional<ErrorCrossing> error_crossing(const Problem& problem, const Activation& a, const Activation& b,
                                            double ridge_k, double ridge_v, double low, double high,
                                            const ErmOptions& options) {
  if (!(low > 0 && low < high && std::isfinite(high)))
    throw InvalidInput("alpha", std::to_string(low) + ":" + std::to_string(high), "needs 0 < low < high");
  ErrorCrossing at;
  std::optional<ErrorCrossing> unsolved;
  const auto difference = [&](double t) {
    at.alpha = std::exp(t);
    at.a = erm(problem, a, at.alpha, ridge_k, ridge_v, options);
    at.b = erm(problem, b, at.alpha, ridge_k, ridge_v, options);
    if (at.a.certificate.converged && at.b.certificate.converged) return at.a.test_error - at.b.test_error;
    unsolved = at;
    return unknown;
  };
  const auto root = log_root(difference, low, high);
  if (!root || unsolved) return unsolved;
  difference(root->t);
  at.slope = root->slope;
  at.uncertainty =
      at.alpha * (root->half_width +
                  std::hypot(at.a.uncertainty.test_error, at.b.uncertainty.test_error) / std::abs(at.slope));
  return at;
}

}  // namespace quenched
