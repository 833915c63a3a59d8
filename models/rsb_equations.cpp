#include "rsb_equations.hpp"

#include <algorithm>
#include <cmath>

namespace quenched {

using Eigen::ArrayXd;
using Eigen::VectorXd;
namespace R = rsb_mean;

RsbEquations::RsbEquations(const Problem& problem, const Activation& activation, double alpha, double r_k,
                           double r_v, const ChannelOptions& options)
    : Delta_(problem.noise), alpha_(alpha), r_k_(r_k), r_v_(r_v) {
  for (const auto& [tokens, weight] : problem.lengths)
    channels_.emplace_back(weight, make_rsb_channel(problem, activation, tokens, options));
}

VectorXd RsbEquations::vector(const RsbOverlaps& o) {
  return (VectorXd(8) << o.m_k, o.q0_k, o.q1_k, o.V_k, o.m_v, o.q0_v, o.q1_v, o.V_v).finished();
}

VectorXd RsbEquations::split(const OrderParameters& o, double share_k, double share_v) {
  const auto q0 = [](double m, double q, double share) {
    return share == 1 ? q : m * m + share * (q - m * m);
  };
  return vector(
      {o.m_k, q0(o.m_k, o.q_k, share_k), o.q_k, o.V_k, o.m_v, q0(o.m_v, o.q_v, share_v), o.q_v, o.V_v});
}

bool RsbEquations::feasible(const VectorXd& x) const {
  const auto ordered = [&](Eigen::Index at) {
    const double m = x[at], q0 = x[at + 1], q1 = x[at + 2];
    return q0 > 0 && m * m <= q0 * (1 + 1e-12) && q0 <= q1 * (1 + 1e-12) && x[at + 3] > 0;
  };
  return ordered(0) && ordered(4) && 1 - x[4] * x[4] / x[5] + Delta_ > 0;
}

ChannelMeans RsbEquations::means(const VectorXd& x, double Y, bool diagnostics) const {
  ChannelMeans sum;
  for (const auto& [weight, channel] : channels_)
    add_weighted(sum, weight, channel->means(overlaps(x), Y, diagnostics));
  return sum;
}

VectorXd RsbEquations::update(const VectorXd& x, double Y, const ArrayXd& m) const {
  VectorXd out(outputs);
  double phi = -alpha_ * m[R::log_mean] / Y, e = alpha_ * m[R::rho_squared] / 2;
  double Sigma = alpha_ * (m[R::log_mean] + Y * m[R::loss]);
  const auto ridge = [&](Eigen::Index at, double r, double mhat, double qhat0, double qhat1, double Vhat) {
    const double B = r + alpha_ * Vhat, A = B + Y * alpha_ * (qhat1 - qhat0);
    out[at] = alpha_ * mhat / B;
    out[at + 1] = (alpha_ * alpha_ * mhat * mhat + alpha_ * qhat0) / (B * B);
    out[at + 2] = out[at + 1] + alpha_ * (qhat1 - qhat0) / (A * B);
    out[at + 3] = A > 0 && B > 0 ? 1 / A : unknown;
    const double mean = x[at], q0 = x[at + 1], q1 = x[at + 2], V = x[at + 3], Yd = Y * (q1 - q0);
    phi += r * q1 / 2 - (q0 - mean * mean) / (2 * (V + Yd)) - std::log1p(Yd / V) / (2 * Y);
    e += r * q1 / 2;
    Sigma +=
        Yd * Y * (q0 - mean * mean) / (2 * (V + Yd) * (V + Yd)) + (std::log1p(Yd / V) - Yd / (V + Yd)) / 2;
  };
  ridge(0, r_k_, m[R::mhat_k], m[R::qhat0_k], m[R::qhat1_k], m[R::Vhat_k]);
  ridge(4, r_v_, m[R::mhat_v], m[R::qhat0_v], m[R::qhat1_v], m[R::Vhat_v]);
  out[test_error] = 1 + Delta_ - 2 * x[4] * m[R::hit] + x[6] * m[R::power];
  out[train_error] = m[R::rho_squared];
  out[potential] = phi;
  out[energy] = e;
  out[complexity] = Sigma;
  return out;
}

FixedPointReport RsbEquations::solve(const VectorXd& start, double Y, double tolerance,
                                     int damped_steps) const {
  return fixed_point(
      [&](const VectorXd& x) -> VectorXd { return update(x, Y, means(x, Y, false).value).head(8); }, start,
      {.tolerance = tolerance,
       .max_iterations = 150,
       .damped_steps = damped_steps,
       .damping = 0.5,
       .feasible = [&](const VectorXd& x) { return feasible(x); }});
}

double RsbEquations::inside_eigenvalue(const VectorXd& x, const ArrayXd& m) const {
  return alpha_ * largest_eigenvalue(x[3] * x[3] * m[R::inside_kk], x[3] * x[7] * m[R::inside_kv],
                                     x[7] * x[7] * m[R::inside_vv]);
}

double RsbEquations::between_eigenvalue(const VectorXd& x, double Y, const ArrayXd& m) const {
  const double k = x[3] + Y * (x[2] - x[1]), v = x[7] + Y * (x[6] - x[5]);
  return alpha_ *
         largest_eigenvalue(k * k * m[R::between_kk], k * v * m[R::between_kv], v * v * m[R::between_vv]);
}

double RsbEquations::jump_weight(double Y, const ArrayXd& m) {
  const double response = m[R::Vhat_k] + Y * (m[R::qhat1_k] - m[R::qhat0_k]);  // -E <div g>, by parts
  return response == 0 ? 0 : std::abs(1 - m[R::pointwise_k] / response);
}

bool RsbEquations::same_points() const {
  return std::ranges::all_of(channels_, [](const auto& c) { return c.second->sampled(); });
}

bool RsbEquations::sampled() const {
  return std::ranges::any_of(channels_, [](const auto& c) { return c.second->sampled(); });
}

std::string RsbEquations::rule() const {
  std::string text;
  for (const auto& [weight, channel] : channels_) text += (text.empty() ? "" : "; ") + channel->rule();
  return text;
}

namespace {

constexpr int finest_grid = 2;  // over three tokens

/// Two or three tokens, and M depends on so few fields that it can be tabulated.
bool tabulated(const ActivationInfo& info, int tokens) {
  return info.smooth && info.normalised && info.shift_invariant && (tokens == 2 || tokens == 3);
}

}  // namespace

std::unique_ptr<RsbChannel> make_rsb_channel(const Problem& problem, const Activation& activation, int tokens,
                                             const ChannelOptions& options) {
  const bool grid = tabulated(activation.info(), tokens);
  if (grid && tokens == 2) return rsb_pair_channel(problem, activation, options);
  if (grid) return rsb_grid_channel(problem, activation, options);
  return rsb_controlled_channel(problem, activation, tokens, options);
}

std::unique_ptr<RsbChannel> rsb_controlled_channel(const Problem& problem, const Activation& activation,
                                                   int tokens, const ChannelOptions& options) {
  Problem one = problem;
  one.lengths = {{tokens, 1.0}};
  if (samples(one, activation.info())) return rsb_sampled_channel(problem, activation, tokens, options);
  ChannelOptions finer = options;
  finer.level = std::min(options.level + (options.level < 1 ? 2 : 1), finest_level(one, activation.info()));
  return rsb_sampled_channel(problem, activation, tokens, options,
                             make_channel(one, activation, tokens, finer));
}

int rsb_first_level(const Problem& problem, const Activation& activation, bool given) {
  const bool grids = std::ranges::all_of(
      problem.lengths, [&](const Length& l) { return tabulated(activation.info(), l.tokens); });
  return grids ? (given ? -2 : 0) : samples(problem, activation.info()) ? 0 : -1;
}

int rsb_last_level(const Problem& problem, const Activation& activation, int points) {
  int last = 6;
  for (const auto& [tokens, weight] : problem.lengths) {
    const bool grid = tabulated(activation.info(), tokens);
    if (grid ? tokens == 2 : points > 0) continue;
    last = std::min(last, grid ? finest_grid : activation.info().name == "linear" ? 5 : tokens > 3 ? 3 : 4);
  }
  return points > 0 ? std::min(last, level_of(points, 6)) : last;
}

}  // namespace quenched
