#include <cmath>
#include <quenched/fixed_point.hpp>
#include <quenched/glm.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>

#include "equations.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

void check(const Teacher& teacher, const Loss& loss, double alpha, double ridge, double tolerance) {
  const auto refuse = [](const char* key, double value, const char* rule) {
    throw InvalidInput(key, std::to_string(value), rule);
  };
  if (!(alpha > 0) || std::isinf(alpha)) refuse("alpha", alpha, "needs a finite number > 0");
  if (!(ridge >= 0) || std::isinf(ridge)) refuse("ridge", ridge, "needs a finite number >= 0");
  if (!(tolerance > 0)) refuse("tolerance", tolerance, "needs a number > 0");
  check(teacher, loss);
}

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

/// From a cold start that is too far, a larger ridge is followed down, with a linear prediction in its
/// logarithm.
FixedPointReport solved(const Teacher& teacher, const Loss& loss, double alpha, double ridge, double accuracy,
                        const std::optional<Eigen::Vector3d>& from) {
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

std::string near(const GlmThreshold& t) {
  return "The fixed point was not reached: without a ridge there is no unique finite minimiser below the " +
         t.kind + " threshold alpha = " + std::to_string(t.alpha) +
         ", which is close or above: raise the ridge.";
}

std::string no_minimiser(const GlmThreshold& t) {
  return "Without a ridge there is no unique finite minimiser: the data are " +
         std::string(t.kind == "separability" ? "separable" : "interpolated") +
         " below alpha = " + (std::isinf(t.alpha) ? "infinity" : std::to_string(t.alpha)) +
         ". Take a ridge > 0, however small.";
}

}  // namespace

GlmResult glm(const Teacher& teacher, const Loss& loss, double alpha, double ridge,
              const GlmOptions& options) {
  check(teacher, loss, alpha, ridge, options.tolerance);
  using E = GlmEquations;
  constexpr double accuracy = 1e-12;
  GlmResult result;
  result.threshold = glm_threshold(teacher, loss);
  Certificate& c = result.certificate;
  if (ridge == 0 && alpha <= result.threshold.alpha) {
    judge(c, {.reached = false, .tolerance = options.tolerance});
    c.advice = no_minimiser(result.threshold);
    return result;
  }
  const FixedPointReport report = solved(teacher, loss, alpha, ridge, accuracy, options.from);
  const GlmEquations equations(teacher, loss, alpha, ridge, accuracy);
  VectorXd x = report.x;
  const Eigen::MatrixXd J = jacobian([&](const VectorXd& near) { return equations.update(near); }, x, 1e-5,
                                     [&](const VectorXd& near) { return equations.feasible(near); });
  GlmMeans means = equations.means(x);
  VectorXd at = equations.update(x, means.value);
  const LinearisedMap map(J);
  for (int step = 0; step < 2 && report.reached(); ++step) {  // Newton's, where 1 - dF/dx is close to 0
    const VectorXd next = map.next(x, at);
    if (!equations.feasible(next)) break;
    const GlmMeans there = equations.means(next);
    const VectorXd image = equations.update(next, there.value);
    if (!((image.head(3) - next).norm() < (at.head(3) - x).norm())) break;
    x = next, means = there, at = image;
  }

  Eigen::MatrixXd changes(int(E::rows), int(GlmMeans::outputs) + 1);
  changes.col(0).setZero();
  changes.col(0).head(3) = 2 * (at.head(3) - x);  // once would be the error itself, to first order: no bound
  for (int j = 0; j < GlmMeans::outputs; ++j) {
    Eigen::ArrayXd moved = means.value;
    moved[j] += means.error[j];
    changes.col(j + 1) = equations.update(x, moved) - at;
  }
  const Eigen::ArrayXd error = carried_errors(J, changes) + 1e-14 * at.array().abs();

  VectorXd values = at;
  values.head(3) = x;
  const bool labels = teacher.info().labels;
  const auto figures = [&](const auto& v) {
    return GlmFigures{v[E::m],
                      v[E::q],
                      v[E::V],
                      v[E::test_error],
                      labels ? v[E::sign_error] : unknown,
                      v[E::train_error],
                      v[E::train_loss],
                      v[E::energy]};
  };
  static_cast<GlmFigures&>(result) = figures(values);
  result.uncertainty = figures(error);
  c.converged = report.reached();
  c.residual = ((at.head(3) - x).array() / (1 + x.array().abs())).abs().maxCoeff();
  c.iterations = report.iterations;
  c.integration_rule = means.rule;
  c.integration_error = error.head(int(E::eigenvalue)).maxCoeff();
  c.stability_eigenvalue = at[E::eigenvalue], c.stability_error = error[E::eigenvalue];
  const double stein = means.value[GlmMeans::stein], jumps = std::abs(stein - means.value[GlmMeans::Vhat]);
  const bool seen = jumps > accuracy + means.error[GlmMeans::Vhat] + means.error[GlmMeans::stein];
  c.jump_weight = seen ? jumps / std::abs(stein) : 0;  // beyond the errors of both forms
  const double worst = (error / values.array().abs().max(1)).head(int(E::eigenvalue)).maxCoeff();
  judge(c, {.reached = c.converged, .error = worst, .tolerance = options.tolerance});
  if (!c.converged && alpha <= 1.05 * result.threshold.alpha && ridge < 1e-3)
    c.advice = near(result.threshold);
  return result;
}

}  // namespace quenched
