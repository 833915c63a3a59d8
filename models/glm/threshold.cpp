#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <numbers>
#include <quenched/expectation.hpp>
#include <quenched/glm.hpp>

namespace quenched {
namespace {

/// E min(0, v)^2 for a student at the angle `angle` from the orthogonal of k*, its part there of norm 1.
Estimate shortfall(const Teacher& teacher, double angle) {
  const double q = 1 / std::pow(std::cos(angle), 2), m = std::sin(angle) * std::sqrt(teacher.strength() * q);
  const Integrand f = [&](const Batch& x, Batch& out) {
    LineLaw at;
    teacher.law(m, q, x.col(0), at);
    out.col(0) = at.W * at.v.min(0.0).square();
  };
  return expectation(
      1, 1, f, {.rule = Rule::adaptive, .absolute = 1e-13, .relative = 1e-12, .probes = 0, .threads = 1});
}

}  // namespace

GlmThreshold glm_threshold(const Teacher& teacher, const Loss& loss) {
  check(teacher, loss);
  if (loss.info().residual) return {"interpolation", 1, 0};
  if (teacher.separable()) return {"separability", INFINITY, 0};
  const auto f = [&](double angle) { return shortfall(teacher, angle).value[0]; };
  const double angle = boost::math::tools::brent_find_minima(f, 0.0, std::numbers::pi / 2 - 1e-4, 24).first;
  const Estimate least = shortfall(teacher, angle);
  const double alpha = 1 / least.value[0];
  return {"separability", alpha, alpha * (least.error[0] / least.value[0] + 1e-12)};
}

}  // namespace quenched
