#include "equations.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/certificate.hpp>
#include <quenched/expectation.hpp>

namespace quenched {

using Eigen::ArrayXd;
using Eigen::VectorXd;

bool GlmEquations::feasible(const VectorXd& x) const {
  return x.allFinite() && x[q] > 0 && x[V] > 0 && x[m] * x[m] <= teacher_.strength() * x[q] * (1 + 1e-12);
}

GlmMeans GlmEquations::means(const VectorXd& x) const {
  using O = GlmMeans;
  const bool labels = teacher_.info().labels;
  const double shift = labels && loss_.info().residual ? 1 : 0;  // y - z = y (1 - y z)
  const Integrand f = [&](const Batch& points, Batch& out) {
    LineLaw at;
    teacher_.law(x[m], x[q], points.col(0), at);
    const ArrayXd c = at.v - shift;
    ArrayXd p, slope, ell;
    loss_.proximal(x[V], c, p, slope);
    loss_.value(p, ell);
    const ArrayXd g = (p - c) / x[V], g_slope = (slope - 1) / x[V];
    out.col(O::mhat) = at.T * g;
    out.col(O::qhat) = at.W * g.square();
    out.col(O::Vhat) = -at.W * g_slope;
    out.col(O::stein) = -at.S * g;
    out.col(O::response) = at.W * g_slope.square();
    out.col(O::loss) = at.W * ell;
    out.col(O::train) = labels ? ArrayXd((p < -shift).select(at.W, 0.0)) : at.W * p.square();
    out.col(O::wrong) = labels ? ArrayXd((at.v < 0).select(at.W, 0.0)) : ArrayXd::Zero(at.v.size());
  };
  std::vector<double> kinks = loss_.kinks(x[V]);
  if (labels) {  // the margins 0 before and after training
    ArrayXd first, second;
    loss_.derivatives(ArrayXd::Constant(1, -shift), first, second);
    kinks.push_back(-shift + x[V] * first[0]);
    kinks.push_back(-shift);
  }
  for (double& kink : kinks) kink = teacher_.coordinate(x[m], x[q], kink + shift);
  const Estimate means = expectation(1, O::outputs, f,
                                     {.rule = Rule::adaptive,
                                      .absolute = accuracy_,
                                      .relative = accuracy_,
                                      .max_points = 1L << 13,
                                      .probes = 0,
                                      .kinks = kinks,
                                      .even = !labels,  // of residuals, as noise and loss are
                                      .threads = 1});
  return {means.value, means.error, means.why};
}

VectorXd GlmEquations::update(const VectorXd& x, const ArrayXd& means) const {
  using O = GlmMeans;
  const double rho = teacher_.strength();
  const double mhat = alpha_ * means[O::mhat], qhat = alpha_ * means[O::qhat];
  VectorXd out(rows);
  out[V] = 1 / (r_ + alpha_ * means[O::Vhat]);
  out[m] = rho * mhat * out[V];
  out[q] = (rho * mhat * mhat + qhat) * out[V] * out[V];
  const bool labels = teacher_.info().labels;
  out[test_error] = labels ? means[O::wrong] : teacher_.noise() + rho - 2 * x[m] + x[q];
  out[sign_error] =
      labels ? std::acos(std::clamp(x[m] / std::sqrt(rho * x[q]), -1.0, 1.0)) / std::numbers::pi : 0;
  out[train_error] = means[O::train];
  out[train_loss] = means[O::loss];
  out[energy] = r_ * x[q] / 2 + alpha_ * means[O::loss];
  out[eigenvalue] = alpha_ * x[V] * x[V] * means[O::response];
  return out;
}

}  // namespace quenched
