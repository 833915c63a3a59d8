#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/expectation.hpp>
#include <quenched/fixed_point.hpp>
#include <quenched/glm.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::VectorXd;

constexpr double bayes_accuracy = 1e-12;

enum Output : int { information, wrong_sign, bayes_outputs };

/// E g_out^2 = E T^2/W (with m = q) and P(v < 0).
Estimate averages(const Teacher& teacher, double m, double q) {
  const Integrand f = [&](const Batch& x, Batch& out) {
    LineLaw at;
    teacher.law(m, q, x.col(0), at);
    out.col(information) = (at.W > 1e-290).select(at.T.square() / at.W, 0.0);
    out.col(wrong_sign) = (at.v < 0).select(at.W, 0.0);
  };
  return expectation(1, bayes_outputs, f,
                     {.rule = Rule::adaptive,
                      .absolute = bayes_accuracy,
                      .relative = bayes_accuracy,
                      .probes = 0,
                      .even = !teacher.info().labels,
                      .threads = 1});
}

/// The updated q, then test_error and sign_error at q.
VectorXd update(const Teacher& teacher, double alpha, double q, const ArrayXd& means) {
  const double rho = teacher.strength(), qhat = alpha * means[information];
  const bool labels = teacher.info().labels;
  VectorXd out(3);
  out[0] = std::isinf(qhat) ? rho : rho * rho * qhat / (1 + rho * qhat);
  out[1] = labels ? means[wrong_sign] : teacher.noise() + rho - q;
  out[2] = labels ? std::acos(std::sqrt(std::clamp(q / rho, 0.0, 1.0))) / std::numbers::pi : 0;
  return out;
}

}  // namespace

double least_test_error(const Teacher& teacher) {
  if (!teacher.info().labels) return teacher.noise();
  return averages(teacher, teacher.strength(), teacher.strength()).value[wrong_sign];
}

GlmResult glm_bayes(const Teacher& teacher, double alpha, const GlmOptions& options) {
  if (!(alpha > 0) || std::isinf(alpha))
    throw InvalidInput("alpha", std::to_string(alpha), "needs a finite number > 0");
  const double rho = teacher.strength();
  const Map F = [&](const VectorXd& q) {
    return update(teacher, alpha, q[0], averages(teacher, q[0], q[0]).value);
  };
  const auto feasible = [&](const VectorXd& q) { return q[0] > 0 && q[0] <= rho; };
  const auto from = [&](double q) {
    return fixed_point(
        [&](const VectorXd& x) -> VectorXd { return F(x).head(1); }, VectorXd::Constant(1, q),
        {.tolerance = 10 * bayes_accuracy, .damped_steps = 3, .damping = 1, .feasible = feasible});
  };
  const FixedPointReport report = from(1e-3 * rho), other = from((1 - 1e-3) * rho);
  const double q = report.x[0];
  const Estimate means = averages(teacher, q, q);
  const VectorXd at = update(teacher, alpha, q, means.value);

  Eigen::MatrixXd changes = Eigen::MatrixXd::Zero(3, 1 + bayes_outputs);
  changes(0, 0) = 2 * (at[0] - q);
  for (int j = 0; j < bayes_outputs; ++j) {
    ArrayXd moved = means.value;
    moved[j] += means.error[j];
    changes.col(j + 1) = update(teacher, alpha, q, moved) - at;
  }
  const ArrayXd error =
      carried_errors(jacobian(F, report.x, 1e-5, feasible), changes) + 1e-14 * at.array().abs();

  const bool labels = teacher.info().labels;
  GlmResult result;
  result.m = result.q = q, result.V = rho - q;
  result.test_error = at[1], result.sign_error = labels ? at[2] : unknown;
  result.uncertainty.m = result.uncertainty.q = result.uncertainty.V = error[0];
  result.uncertainty.test_error = error[1], result.uncertainty.sign_error = labels ? error[2] : unknown;
  Certificate& c = result.certificate;
  c.converged = report.reached() && other.reached();
  c.residual = report.residual;
  c.iterations = report.iterations + other.iterations;
  c.integration_rule = means.why;
  c.integration_error = error.maxCoeff();
  const double worst = (error / at.array().abs().max(1)).maxCoeff();
  // No free entropy here: two fixed points are said to be two.
  judge(c, {.reached = c.converged,
            .error = worst,
            .tolerance = options.tolerance,
            .better_branch = std::abs(other.x[0] - q) > 1e-6 * rho});
  return result;
}

}  // namespace quenched
