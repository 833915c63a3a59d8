#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/stability_line.hpp>

#include "log_root.hpp"

namespace quenched {

std::optional<StabilityPoint> stability_line(const Problem& problem, const Activation& activation,
                                             double alpha, double ridge_k, double ridge_v, Along along,
                                             double low, double high, const ErmOptions& options) {
  if (!(low > 0 && low < high && std::isfinite(high)))
    throw InvalidInput(along == Along::alpha ? "alpha" : "ridge",
                       std::to_string(low) + ":" + std::to_string(high), "needs 0 < low < high");
  ErmOptions next = options;
  next.branches = 0, next.symmetry = false;
  ErmResult last;
  std::optional<StabilityPoint> unsolved;
  const auto solve = [&](double t) {
    const double value = std::exp(t);
    last = along == Along::alpha ? erm(problem, activation, value, ridge_k, ridge_v, next)
                                 : erm(problem, activation, alpha, value * ridge_k, value * ridge_v, next);
    if (last.certificate.converged) next.from = last.overlaps;
    const double excess = last.certificate.converged ? last.certificate.stability_eigenvalue - 1 : unknown;
    if (std::isnan(excess)) unsolved = {value, unknown, last};
    return excess;
  };
  // From the stable end, where the fixed point is easier to reach.
  const auto root = log_root(solve, low, high);
  if (!root || unsolved) return unsolved;
  StabilityPoint point;
  const auto [t, half_width, slope] = *root;
  // The eigenvalue's error, as far as it comes from the fixed point's: what a tenth of the tolerance changes.
  const double before = solve(t);
  next.tolerance /= 10;
  const double moved = std::abs(solve(t) - before);
  point.value = std::exp(t);
  point.uncertainty =
      point.value * (half_width + std::hypot(last.certificate.stability_error, moved) / std::abs(slope));
  point.result = last;
  return point;
}

}  // namespace quenched
