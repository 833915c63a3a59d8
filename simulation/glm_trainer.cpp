#include "glm_trainer.hpp"

#include <LBFGS.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double gradient_tolerance = 1e-7, gap_tolerance = 1e-6;  // times sqrt(D) and N

/// The loss's argument is u = sign * z - offset: z - y, or y z.
struct GlmSamples {
  ArrayXd sign, offset;
};

double objective(const MatrixXd& X, const GlmSamples& s, const Loss& loss, double ridge, const VectorXd& k,
                 VectorXd* gradient) {
  const ArrayXd u = s.sign * (X.transpose() * k).array() - s.offset;
  ArrayXd ell, first, second;
  loss.value(u, ell);
  if (gradient) {
    loss.derivatives(u, first, second);
    *gradient = X * (first * s.sign).matrix() + ridge * k;
  }
  return ell.sum() + ridge * k.squaredNorm() / 2;
}

/// Newton's step.
void polish(const MatrixXd& X, const GlmSamples& s, const Loss& loss, double ridge, const VectorXd& gradient,
            VectorXd& k) {
  ArrayXd first, second;
  loss.derivatives(s.sign * (X.transpose() * k).array() - s.offset, first, second);
  MatrixXd hessian = ridge * MatrixXd::Identity(X.rows(), X.rows());
  hessian.selfadjointView<Eigen::Lower>().rankUpdate(X * second.sqrt().matrix().asDiagonal());
  k -= hessian.selfadjointView<Eigen::Lower>().llt().solve(gradient);
}

GlmTraining smooth(const MatrixXd& X, const GlmSamples& s, const Loss& loss, double ridge) {
  GlmTraining result{VectorXd::Zero(X.rows())};
  const double target = gradient_tolerance * std::sqrt(static_cast<double>(X.rows()));
  LBFGSpp::LBFGSParam<double> parameters;
  parameters.m = 20;
  // Further on the objective's rounding may hide the descent, and L-BFGS goes on for ever: Newton's steps
  // end it.
  parameters.epsilon = 100 * target, parameters.epsilon_rel = 0;
  parameters.linesearch = LBFGSpp::LBFGS_LINESEARCH_BACKTRACKING_STRONG_WOLFE;
  parameters.max_linesearch = 40;
  parameters.max_iterations = 2000;
  LBFGSpp::LBFGSSolver<double, LBFGSpp::LineSearchNocedalWright> solver(parameters);
  auto f = [&](const VectorXd& k, VectorXd& gradient) { return objective(X, s, loss, ridge, k, &gradient); };
  try {
    solver.minimize(f, result.k, result.objective);
  } catch (const std::exception&) {  // no further decrease: the gradient decides
  }
  VectorXd gradient;
  result.objective = f(result.k, gradient);
  for (int step = 0; step < 10 && gradient.norm() > target; ++step) {
    polish(X, s, loss, ridge, gradient, result.k);
    result.objective = f(result.k, gradient);
  }
  result.converged = gradient.norm() <= target;
  return result;
}

/// ell(u) = max_a a (u - knot) over a box gives k = -w/ridge, w = sum_i a_i sign_i x_i, where a minimises
/// |w|^2/(2 ridge) + sum_i a_i (offset_i + knot): by coordinates in turn (Hsieh et al., ICML 2008), for which
/// L-BFGS-B's line searches are too inexact near the corners.
GlmTraining dual(const MatrixXd& X, const GlmSamples& s, const Loss& loss, const Corner& corner,
                 double ridge) {
  constexpr int most_passes = 50000, between_checks = 20;
  const Eigen::Index N = X.cols();
  const ArrayXd linear = s.offset + corner.knot, curvature = X.colwise().squaredNorm().array() / ridge;
  ArrayXd a = ArrayXd::Constant(N, (corner.low + corner.high) / 2);
  VectorXd w = X * (a * s.sign).matrix();
  GlmTraining result;
  for (int pass = 1; pass <= most_passes && !result.converged; ++pass) {
    for (Eigen::Index i = 0; i < N; ++i) {
      const double slope = s.sign[i] * X.col(i).dot(w) / ridge + linear[i];
      const double next = std::clamp(a[i] - slope / curvature[i], corner.low, corner.high);
      if (next != a[i]) w += (next - a[i]) * s.sign[i] * X.col(i);
      a[i] = next;
    }
    if (pass % between_checks != 0) continue;
    result.k = -w / ridge;
    result.objective = objective(X, s, loss, ridge, result.k, nullptr);
    const double gap = result.objective + w.squaredNorm() / (2 * ridge) + (a * linear).sum();
    result.converged = gap <= gap_tolerance * static_cast<double>(N);
  }
  return result;
}

}  // namespace

GlmTraining glm_train(const MatrixXd& X, const ArrayXd& y, const Loss& loss, double ridge) {
  const ArrayXd zero = ArrayXd::Zero(y.size());
  const GlmSamples samples = loss.info().residual ? GlmSamples{zero + 1, y} : GlmSamples{y, zero};
  const auto corner = loss.corner();
  return corner ? dual(X, samples, loss, *corner, ridge) : smooth(X, samples, loss, ridge);
}

}  // namespace quenched
