#include "erm_equations.hpp"

#include <algorithm>
#include <cmath>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>

namespace quenched {

using Eigen::MatrixXd;
using Eigen::VectorXd;

void check_erm(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
               double ridge_v) {
  check(problem);
  const auto positive = [](const char* key, double value) {
    if (!(value > 0) || std::isinf(value))
      throw InvalidInput(key, std::to_string(value), "needs a finite number > 0");
  };
  positive("alpha", alpha), positive("ridge_k", ridge_k), positive("ridge_v", ridge_v);
  if (activation.info().scale_invariant)
    throw InvalidInput("activation", activation.info().name,
                       "does not depend on the length of k, which any ridge then shrinks without end: ERM "
                       "has no minimum and needs another, as softmax:8");
}

ErmEquations::ErmEquations(const Problem& problem, const Activation& activation, double alpha, double r_k,
                           double r_v, const ChannelOptions& options)
    : Delta_(problem.noise), alpha_(alpha), r_k_(r_k), r_v_(r_v) {
  for (const auto& [tokens, weight] : problem.lengths)
    channels_.emplace_back(weight, make_channel(problem, activation, tokens, options));
}

ErmEquations ErmEquations::with(double alpha, double r_k, double r_v) const {
  ErmEquations other = *this;
  other.alpha_ = alpha, other.r_k_ = r_k, other.r_v_ = r_v;
  return other;
}

bool ErmEquations::feasible(const VectorXd& x) const {
  const auto bounded = [](double m, double q) { return q >= 0 && m * m <= q * (1 + 1e-12); };
  return x[2] > 0 && x[5] > 0 && bounded(x[0], x[1]) && bounded(x[3], x[4]) &&
         (x[4] == 0 || 1 - x[3] * x[3] / x[4] + Delta_ > 0);
}

ChannelMeans ErmEquations::means(const VectorXd& x, Detail detail) const {
  ChannelMeans sum;
  for (const auto& [weight, channel] : channels_)
    add_weighted(sum, weight, channel->means(overlaps(x), detail));
  return sum;
}

VectorXd ErmEquations::update(const VectorXd& x, const Eigen::ArrayXd& m) const {
  const OrderParameters o = overlaps(x);
  VectorXd out(rows);
  const auto ridge = [&](Eigen::Index at, double r, double mhat, double qhat, double Vhat) {
    // Far from a fixed point r + alpha Vhat may be 0 or less: V grows, on the way to one.
    constexpr double growth = 4;
    const double inverse = r + alpha_ * Vhat, V = inverse > 0 ? 1 / inverse : growth * x[at + 2];
    out[at] = V * alpha_ * mhat;
    out[at + 1] = V * V * (alpha_ * alpha_ * mhat * mhat + alpha_ * qhat);
    out[at + 2] = V;
  };
  ridge(0, r_k_, m[mhat_k], m[qhat_k], m[Vhat_k]);
  ridge(3, r_v_, m[mhat_v], m[qhat_v], m[Vhat_v]);
  out[test_error] = 1 + Delta_ - 2 * o.m_v * m[hit] + o.q_v * m[power];
  out[train_error] = m[rho_squared];
  out[energy] = (r_k_ * o.q_k + r_v_ * o.q_v + alpha_ * m[rho_squared]) / 2;
  return out;
}

double ErmEquations::replicon(const VectorXd& x, const Eigen::ArrayXd& m) const {
  const double kk = alpha_ * x[2] * x[2] * m[G_kk], vv = alpha_ * x[5] * x[5] * m[G_vv];
  const double kv = alpha_ * x[2] * x[5] * m[G_kv];
  return largest_eigenvalue(kk, kv, vv);
}

void ErmEquations::set_stability(Certificate& c, const VectorXd& x, const ChannelMeans& means) const {
  c.stability_eigenvalue = replicon(x, means.value);
  c.stability_error = 0;
  for (Eigen::Index r = 0; r < means.deviation.rows(); ++r)
    c.stability_error =
        std::hypot(c.stability_error,
                   replicon(x, means.value + means.deviation.row(r).transpose()) - c.stability_eigenvalue);
}

void ErmEquations::set_jumps(Certificate& c, const ChannelMeans& means) const {
  const Eigen::ArrayXd& m = means.value;
  const double slope = std::abs(m[Vhat_k]), jump = std::abs(m[Vhat_k] - m[pointwise_k]);
  c.jump_weight = jump == 0 ? 0 : jump / slope;
  c.jump_share = jump == 0 ? 0 : alpha_ * jump / std::abs(r_k_ + alpha_ * m[Vhat_k]);
  c.jump_weight_error =
      std::sqrt((means.deviation.col(Vhat_k) - means.deviation.col(pointwise_k)).square().sum()) / slope;
  c.jump_weight_direct = m[jumps_k] / slope;
  c.jump_weight_direct_error = std::sqrt(means.deviation.col(jumps_k).square().sum()) / slope;
  c.competing = m[competing];
}

MatrixXd ErmEquations::derivative(const VectorXd& x, const VectorXd& at) const {
  const auto F = [&](const VectorXd& y) -> VectorXd { return update(y); };
  const auto allowed = [&](const VectorXd& y) { return feasible(y); };
  const bool sampled = std::ranges::any_of(channels_, [](const auto& c) { return c.second->sampled(); });
  return sampled ? jacobian(F, x, 1e-2, allowed) : jacobian_from(at, F, x, 1e-4, allowed);
}

std::string ErmEquations::rule() const {
  std::string text;
  for (const auto& [weight, channel] : channels_) text += (text.empty() ? "" : "; ") + channel->rule();
  return text;
}

}  // namespace quenched
