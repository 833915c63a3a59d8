#include "fixed_point.hpp"

#include <algorithm>
#include <cmath>
#include <quenched/invalid_input.hpp>

#include "equations.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

/// Coordinates in which the map is iterated: arsinh of m, of q - m^2/rho and of V. They grow without bound
/// where a small ridge meets separable data, and the part of k orthogonal to k* stays small where k* is
/// learnt well.
VectorXd coordinates(const VectorXd& x, double rho) {
  return Eigen::Array3d(x[0], std::max(x[1] - x[0] * x[0] / rho, 0.0), x[2]).asinh();
}
VectorXd order_parameters(const VectorXd& y, double rho) {
  const Eigen::Array3d x = y.array().sinh();
  return Eigen::Vector3d(x[0], x[1] + x[0] * x[0] / rho, x[2]);
}

}  // namespace

void check(const Teacher& teacher, const Loss& loss, double alpha, double ridge, double tolerance) {
  const auto refuse = [](const char* key, double value, const char* rule) {
    throw InvalidInput(key, std::to_string(value), rule);
  };
  if (!(alpha > 0) || std::isinf(alpha)) refuse("alpha", alpha, "needs a finite number > 0");
  if (!(ridge >= 0) || std::isinf(ridge)) refuse("ridge", ridge, "needs a finite number >= 0");
  if (!(tolerance > 0)) refuse("tolerance", tolerance, "needs a number > 0");
  check(teacher, loss);
}

FixedPointReport glm_fixed_point(const Teacher& teacher, const Loss& loss, double alpha, double ridge,
                                 double accuracy, const std::optional<Eigen::Vector3d>& from) {
  const double rho = teacher.strength();
  const auto attempt = [&](double r, const VectorXd& start, int damped) {
    const GlmEquations equations(teacher, loss, alpha, r, accuracy);
    return fixed_point(
        [&](const VectorXd& y) -> VectorXd {
          return coordinates(equations.update(order_parameters(y, rho)).head(3), rho);
        },
        start, {.tolerance = 10 * accuracy, .damped_steps = damped, .feasible = [&](const VectorXd& y) {
                  return y[1] >= 0 && equations.feasible(order_parameters(y, rho));
                }});
  };
  const VectorXd cold = coordinates(Eigen::Vector3d(rho / 2, rho, 1 / (ridge + alpha)), rho);
  FixedPointReport report = from ? attempt(ridge, coordinates(*from, rho), 0) : attempt(ridge, cold, 5);
  int iterations = report.iterations;
  constexpr double factor = 4, lowest = 1e-10;
  VectorXd start = cold, last;
  bool done = report.reached();
  for (double r = std::max(1.0, 100 * ridge), next = r; !done; r = next) {
    report = attempt(r, start, 2);
    iterations += report.iterations;
    done = r <= ridge;
    next = r / factor < lowest ? ridge : std::max(r / factor, ridge);
    if (!report.reached()) continue;
    const double step = next > 0 ? std::log(r / next) / std::log(factor) : 0;
    start = last.size() > 0 ? VectorXd(report.x + step * (report.x - last)) : report.x;
    const GlmEquations equations(teacher, loss, alpha, r, accuracy);
    if (start[1] < 0 || !equations.feasible(order_parameters(start, rho))) start = report.x;
    last = report.x;
  }
  report.iterations = iterations;
  report.x = order_parameters(report.x, rho);
  return report;
}

}  // namespace quenched
