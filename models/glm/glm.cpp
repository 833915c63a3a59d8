#include <cmath>
#include <quenched/fixed_point.hpp>
#include <quenched/glm.hpp>
#include <quenched/linearised_map.hpp>

#include "equations.hpp"
#include "fixed_point.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

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
  const FixedPointReport report = glm_fixed_point(teacher, loss, alpha, ridge, accuracy, options.from);
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
