#pragma once
#include <Eigen/Core>
#include <boost/math/interpolators/cardinal_cubic_b_spline.hpp>

namespace quenched {

/// The root of a chi-square variable of `freedom` degrees as a function of a standard normal, quantile for
/// quantile: a cubic spline, since an incomplete gamma function at each point would take longer. 0 where
/// freedom <= 0.
class RootChiSquare {
 public:
  explicit RootChiSquare(int freedom);
  [[nodiscard]] double operator()(double normal) const;

 private:
  boost::math::interpolators::cardinal_cubic_b_spline<double> root_;
};

}  // namespace quenched
