#pragma once
#include <quenched/erm.hpp>

namespace quenched {

struct ErrorCrossing {
  double alpha = unknown;
  // The bracket, and both errors over the slope of their difference. Unknown where one of the two has no
  // fixed point at `alpha`, so that the crossing was not found.
  double uncertainty = unknown;
  double slope = unknown;  // d (error of a - error of b)/d log alpha: < 0 where a wins beyond
  ErmResult a, b;          // there
};

/// Where the asymptotic test errors of two activations under one ridge cross as alpha runs from low to high,
/// by bracketing in log alpha (TOMS 748) to a relative 1e-4. Empty when one is better at both ends. Throws
/// InvalidInput unless 0 < low < high, and as erm() does. Cost: about 10 solutions of each.
[[nodiscard]] std::optional<ErrorCrossing> error_crossing(const Problem& problem, const Activation& a,
                                                          const Activation& b, double ridge_k, double ridge_v,
                                                          double low, double high,
                                                          const ErmOptions& options = {});

}  // namespace quenched
