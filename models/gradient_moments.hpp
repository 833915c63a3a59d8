#pragma once
#include <quenched/activation.hpp>

#include "population_fields.hpp"

namespace quenched {

/// What one step of gradient descent on one sample does to the overlaps: with r = y - f, s = sigma(chi) and
/// u = (d sigma/d chi)^T z, the step of k is along r u, that of v along r s (docs/equations.md, 9.2).
struct GradientMoments {
  double u_chi_star = 0, u_z_star = 0, u_chi = 0, u_z = 0;  // E[r u.chi*], E[r u.z*], E[r u.chi], E[r u.z]
  double s_chi_star = 0, s_z_star = 0, s_chi = 0, s_z = 0;  // E[r s.chi*], ...
  double uu = 0, us = 0, ss = 0;                            // E[r^2 |u|^2], E[r^2 u.s], E[r^2 |s|^2]
  double u_square = 0, s_square = 0;                        // E|u|^2, E|s|^2
};

/// Averages over the points of a replicate; z*, z and the label noise are integrated out in closed form,
/// given (chi*, eta). Where sigma has no derivative it counts as its pointwise one, as in training. Cost:
/// about 0.2 us a point and token.
[[nodiscard]] GradientMoments gradient_moments(const std::vector<PopulationFields>& points,
                                               const Activation& activation, const Overlaps& overlaps,
                                               double noise);

}  // namespace quenched
