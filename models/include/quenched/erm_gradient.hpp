#pragma once
#include <quenched/erm.hpp>

namespace quenched {

/// d test_error/d parameter; NaN where the parameter is infinite.
struct ErmGradient {
  double alpha = unknown, ridge_k = unknown, ridge_v = unknown, noise = unknown, signal = unknown;
};

struct ErmDerivatives {
  ErmGradient value, uncertainty;  // the change from the resolution before
};

/// Of the test error T(x, p) at a fixed point x = F(x, p) that erm() returned, by the implicit function
/// theorem:
///     dT/dp = d_p T + d_x T (I - d_x F)^-1 d_p F,
/// d_x and d_p by central differences of one evaluation (one-sided at noise = 0 and signal = 0).
/// Cost: 18 evaluations of F at the solution's resolution and 18 at the one before.
[[nodiscard]] ErmDerivatives erm_derivatives(const Problem& problem, const Activation& activation,
                                             double alpha, double ridge_k, double ridge_v,
                                             const ErmResult& solution, const ErmOptions& options = {});

/// d test_error/d ridge_k and d test_error/d ridge_v alone: 13 evaluations at the solution's resolution.
[[nodiscard]] Eigen::Vector2d erm_ridge_gradient(const Problem& problem, const Activation& activation,
                                                 double alpha, double ridge_k, double ridge_v,
                                                 const ErmResult& solution, const ErmOptions& options = {});

}  // namespace quenched
