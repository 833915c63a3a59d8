#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <quenched/glm.hpp>

#include "equations.hpp"
#include "fixed_point.hpp"

namespace quenched {
namespace {

constexpr double lowest_ridge = 1e-4, highest_ridge = 1e4, flat_change = 1e-4;
constexpr double search_accuracy = 1e-11;  // of averages; the ridge is found to its root

}  // namespace

GlmOptimalRidge glm_optimal_ridge(const Teacher& teacher, const Loss& loss, double alpha,
                                  const GlmOptions& options, std::optional<double> from) {
  check(teacher, loss, alpha, lowest_ridge, options.tolerance);
  GlmOptions warm = options;
  const auto test = [&](double t) {  // the fixed point alone: no errors, no certificate
    const double ridge = std::exp(t);
    const FixedPointReport report = glm_fixed_point(teacher, loss, alpha, ridge, search_accuracy, warm.from);
    if (report.reached()) warm.from = Eigen::Vector3d(report.x);
    return GlmEquations(teacher, loss, alpha, ridge, search_accuracy)
        .update(report.x)[GlmEquations::test_error];
  };
  // A bracket: from the neighbour's ridge downhill, or the least of a scan.
  const double low = std::log(lowest_ridge), high = std::log(highest_ridge);
  double step = from ? 0.2 : 2, a, b, c;
  b = from ? std::clamp(std::log(*from), low, high) : high;
  double at_b = test(b);
  if (!from)
    for (double t = high - step; t > low - step / 2; t -= step)
      if (const double value = test(std::max(t, low)); value < at_b) b = std::max(t, low), at_b = value;
  a = std::max(b - step, low), c = std::min(b + step, high);
  if (from)
    for (bool moved = true; moved;) {
      moved = false;
      for (double* end : {&a, &c})
        if (const double value = test(*end); value < at_b && *end != b) {
          (end == &a ? c : a) = b;
          b = *end, at_b = value, step *= 2;
          *end = std::clamp(*end + (end == &a ? -step : step), low, high);
          moved = true;
          break;
        }
    }
  std::uintmax_t evaluations = 60;
  const double t = boost::math::tools::brent_find_minima(test, a, c, 17, evaluations).first;
  GlmOptimalRidge best;
  best.ridge = std::exp(t);
  best.result = glm(teacher, loss, alpha, best.ridge, warm);
  best.at_bound = t < low + 1e-3 || t > high - 1e-3;
  best.flat = std::max(test(t - 1), test(t + 1)) - best.result.test_error < flat_change;
  return best;
}

}  // namespace quenched
