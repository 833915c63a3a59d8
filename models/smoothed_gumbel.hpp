#pragma once
#include <Eigen/Core>

namespace quenched {

/// The law of s Z + G at the points x: Z standard normal, G standard Gumbel (G = -log of an exponential
/// variable). softmax(a)_eps = P(argmax_l a_l + G_l = eps): averages of softmax over independent Gaussian
/// fields need this law only.
struct SmoothedGumbel {
  Eigen::ArrayXd cdf, above;  // K and 1 - K, each to full relative accuracy
  Eigen::ArrayXd d1, d2, d3;  // K', K'', K'''
};

/// Plain trapezoid rule over Z (s < 1) or over G; relative accuracy about 1e-12 while K > 1e-16 and 1 - K >
/// 1e-18. Needs s >= 0, finite. Cost: about 100 (s < 1) to 220 (s >= 1) exponentials a point.
[[nodiscard]] SmoothedGumbel smoothed_gumbel(const Eigen::ArrayXd& x, double s);

}  // namespace quenched
