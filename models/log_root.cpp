#include "log_root.hpp"

#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <tuple>

namespace quenched {

std::optional<LogRoot> log_root(const std::function<double(double)>& f, double low, double high) {
  double a = std::log(low), b = std::log(high);
  const double at_b = f(b), at_a = f(a);
  if (!(at_a * at_b < 0)) return std::nullopt;
  std::uintmax_t evaluations = 30;
  const auto close = [](double l, double r) { return r - l < 1e-4; };
  std::tie(a, b) = boost::math::tools::toms748_solve(f, a, b, at_a, at_b, close, evaluations);
  constexpr double h = 0.02;
  const double t = (a + b) / 2;
  return LogRoot{t, (b - a) / 2, (f(t + h) - f(t - h)) / (2 * h)};
}

}  // namespace quenched
