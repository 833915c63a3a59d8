#include "root_chi_square.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>
#include <vector>

namespace quenched {
namespace {

constexpr double furthest = 9, node_step = 1.0 / 256;

double root_chi_square(double x, int freedom) {
  if (freedom <= 0) return 0;
  const double tail = 0.5 * std::erfc(std::abs(x) / std::numbers::sqrt2);
  return std::sqrt(2 * (x < 0 ? boost::math::gamma_p_inv(freedom / 2.0, tail)
                              : boost::math::gamma_q_inv(freedom / 2.0, tail)));
}

}  // namespace

RootChiSquare::RootChiSquare(int freedom) {
  std::vector<double> f(static_cast<std::size_t>(2 * furthest / node_step) + 1);
  for (std::size_t i = 0; i < f.size(); ++i)
    f[i] = root_chi_square(-furthest + node_step * static_cast<double>(i), freedom);
  root_ = {f.begin(), f.end(), -furthest, node_step};
}

double RootChiSquare::operator()(double normal) const { return root_(std::clamp(normal, -furthest, furthest)); }

}  // namespace quenched
