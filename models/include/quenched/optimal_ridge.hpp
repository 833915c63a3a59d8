#pragma once
#include <quenched/erm.hpp>
#include <vector>

namespace quenched {

/// A local minimum of the test error over (log ridge_k, log ridge_v).
struct RidgeOptimum {
  double ridge_k = unknown, ridge_v = unknown;
  ErmResult result;                     // there
  Eigen::Matrix2d curvature;            // of the test error in the two logarithms
  bool flat_k = false, flat_v = false;  // a factor e in this ridge alone changes it by less than flat_change
  bool at_bound = false;                // on the edge of ridge_range
  bool on_trust_line = false;           // the free minimum is not trusted: the best point where trust begins
};

struct OptimalRidge {
  RidgeOptimum best;
  std::vector<RidgeOptimum> others;  // further local minima, none when started from a neighbour
};

struct OptimalRidgeOptions {
  ErmOptions erm;
  bool trusted_only = true;
  std::optional<Eigen::Vector2d> from;  // (ridge_k, ridge_v) of a neighbour on the curve
};

inline constexpr double ridge_range[] = {1e-4, 1e4};
inline constexpr double flat_change = 1e-4;

/// The ridges that minimise the asymptotic test error, by a bounded quasi-Newton method (L-BFGS-B) with the
/// implicit derivative of the fixed point, from two starts or from a neighbour. Restricted to points that are
/// stable and without jumps unless trusted_only is off: where the free minimum is not, the best point on the
/// line where trust begins. Throws InvalidInput as erm() does. Cost: 10 to 30 solutions; some 100 more on the
/// line.
[[nodiscard]] OptimalRidge optimal_ridge(const Problem& problem, const Activation& activation, double alpha,
                                         const OptimalRidgeOptions& options = {});

}  // namespace quenched
