#include "independent_tokens.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>

#include "quintic_table.hpp"
#include "smoothed_gumbel.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

constexpr double strip = std::numbers::pi / 2;  // the Gumbel law's: K(x) is regular for |Im x| < pi/2
constexpr double digits = 30;                   // exp(-digits): what is cut off and aliased
constexpr double certain = 6000;  // a mean and variance from which on another token wins with probability 0

int longest(const LengthLaw& lengths) {
  return std::ranges::max_element(lengths, {}, &Length::tokens)->tokens;
}

/// Where 1 - K = exp(-depth), nearly, for s Z + G: exponential tail beyond s^2, Gaussian before.
double right_end(double s, double depth) {
  return s * s > 2 * depth ? s * std::sqrt(2 * depth) : depth + s * s / 2;
}
/// Where K = exp(-30) or less.
double left_end(double s) { return -7.8 * s - 3.5; }

/// Powers of up to L - 1 factors narrow a law of variance s^2, but not below the extreme-value law.
double step_of_powers(double s, int L) {
  const double narrower = std::min<double>(L, std::max(1.0, 10.5 * std::log(L)));
  return trapezoid_step(s * s / narrower, strip, digits);
}

/// F^(L-1) from R = 1 - F.
ArrayXd power_of(const ArrayXd& R, int L) {
  return (static_cast<double>(L - 1) * (-R.min(1 - 1e-16)).log1p()).exp();
}

}  // namespace

double label_variance(const Problem& problem, double q_v) { return std::max(1 - q_v + problem.noise, 1e-16); }

LabelledTokens labelled_tokens(double nu, const Problem& problem, double q_k, double q_v, double resolution,
                               bool with_log_sum, int threads) {
  const double s = label_variance(problem, q_v), root_s = std::sqrt(s), root_q = std::sqrt(q_v);
  // The mean of sqrt(nu) omega_eps, as far as it matters; the deviation of all.
  const double shift = std::min(nu * q_k, certain), spread = std::sqrt(shift);
  const int L_max = longest(problem.lengths);

  // x: the level of the race. The likelihood lowers a_eps by t^2/2, at most `deepest` with its weight
  // exp(-t^2/2).
  constexpr double t_max = 8.5, deepest = 28;
  const double h_x = step_of_powers(spread, L_max) / resolution;
  const double x_min = shift + left_end(spread) - deepest;
  const double x_max =
      std::max(shift + right_end(spread, digits), right_end(spread, digits + std::log(L_max)));
  const int nodes = static_cast<int>(std::ceil((x_max - x_min) / h_x)) + 1;
  const double left = x_min - shift;
  const int steps = static_cast<int>(std::ceil((x_max + t_max * t_max / 2 - left) / h_x));
  const SmoothedGumbel law = smoothed_gumbel(QuinticTable::grid(left, h_x, steps), spread);
  const QuinticTable above(left, h_x, law.above, -law.d1, -law.d2, nodes),
      density(left, h_x, law.d1, law.d2, law.d3, nodes);

  // w = sqrt(q_v) u: steps fine for its own Gaussian and for functions of t = (y - w)/sqrt(s).
  constexpr double h_t = 0.125, h_g = 0.5;
  const double h_u = std::min(h_g, root_q > 0 ? h_t * root_s / root_q : h_g) / resolution;
  constexpr double u_max = 7.75;
  // y: the Gaussian of variance 1 + Delta, and functions of t smoothed by w.
  constexpr double strip_t = 0.1;
  const double root_y = std::sqrt(1 + problem.noise);
  const double h_y = std::min(h_g * root_y, trapezoid_step(q_v, strip_t * root_s, digits)) / resolution;
  const int y_nodes = static_cast<int>(std::ceil(7.75 * root_y / h_y)) + 1;

  Eigen::ArrayXXd sums = Eigen::ArrayXXd::Zero(3, y_nodes);
  Eigen::ArrayXXd won =
      Eigen::ArrayXXd::Zero(nodes, with_log_sum ? static_cast<int>(problem.lengths.size()) : 0);
  std::vector<Eigen::ArrayXXd> won_at(with_log_sum ? y_nodes : 0, won);
  parallel_for(y_nodes, threads, [&](int i) {
    const double y = i * h_y, weight_y = (i == 0 ? 1 : 2) * h_y;  // y and -y
    ArrayXd R = ArrayXd::Zero(nodes), f = R, f_t2 = R, f_u = R, F_eps = R;
    // |u| <= u_max and |t| <= t_max
    const double from = root_q > 0 ? std::max(-u_max, (y - t_max * root_s) / root_q) : -u_max;
    const double to = root_q > 0 ? std::min(u_max, (y + t_max * root_s) / root_q) : u_max;
    for (double j = std::ceil(from / h_u); j * h_u <= to; ++j) {
      const double u = j * h_u, t = (y - root_q * u) / root_s;
      const double weight = h_u * std::exp(-u * u / 2) / std::sqrt(2 * std::numbers::pi);
      above.add(x_min + t * t / 2, weight, R);
      if (t * t / 2 > deepest + 2) continue;
      const double joint = weight_y * weight * std::exp(-t * t / 2) / std::sqrt(2 * std::numbers::pi * s);
      f_u.setZero();
      density.add(x_min - shift + t * t / 2, joint, f_u);
      f += f_u;
      f_t2 += t * t * f_u;
      if (with_log_sum) {
        F_eps += joint;
        above.add(x_min - shift + t * t / 2, -joint, F_eps);
      }
    }
    for (std::size_t n = 0; n < problem.lengths.size(); ++n) {
      const ArrayXd F = power_of(R, problem.lengths[n].tokens);
      sums(0, i) += problem.lengths[n].weight * h_x * (f * F).sum();
      sums(1, i) += problem.lengths[n].weight * h_x * (f_t2 * F).sum();
      if (with_log_sum) won_at[i].col(static_cast<Eigen::Index>(n)) = F_eps * F;
    }
  });

  LabelledTokens result;
  result.hit = sums.row(0).sum();
  result.hit_t2 = sums.row(1).sum();
  if (!with_log_sum) return result;
  // E log sum exp(a) = E max_l (a_l + G_l) - gamma = shift + Int (H - P) dx, H the CDF of shift + spread Z +
  // G, whose mean is shift + gamma.
  for (const Eigen::ArrayXXd& part : won_at) won += part;
  ArrayXd H = ArrayXd::Ones(nodes);
  above.add(x_min - shift, -1, H);
  for (std::size_t n = 0; n < problem.lengths.size(); ++n) {
    const double difference = h_x * (H - won.col(static_cast<Eigen::Index>(n))).sum();
    result.log_sum +=
        problem.lengths[n].weight * (nu * q_k + difference - std::log(problem.lengths[n].tokens));
  }
  return result;
}

namespace {

/// On the nodes of a trapezoid rule: h f(x), f the density of the spiked token's level c^2 + c Z + G, and
/// log F(x), F the CDF of another's, c Z + G.
struct SpikedRace {
  ArrayXd hf, log_F;
};
SpikedRace spiked_race(double c, const LengthLaw& lengths, double resolution) {
  const double h = step_of_powers(c, longest(lengths)) / resolution, x_min = left_end(c) - 1;
  const double x_max = c * c + right_end(c, digits + 6);
  const int nodes = static_cast<int>(std::ceil((x_max - x_min) / h)) + 1;
  const ArrayXd x = ArrayXd::LinSpaced(nodes, x_min, x_min + (nodes - 1) * h);
  return {h * smoothed_gumbel(x - c * c, c).d1, (-smoothed_gumbel(x, c).above.min(1 - 1e-16)).log1p()};
}

}  // namespace

double spiked_gap(double c, const LengthLaw& lengths, double resolution) {
  if (c * c > certain) return 0;
  const SpikedRace race = spiked_race(c, lengths, resolution);
  double gap = 0;
  for (const Length& length : lengths)
    gap -= length.weight * (race.hf * (static_cast<double>(length.tokens - 1) * race.log_F).expm1()).sum();
  return gap;
}

double log_spiked_gap(double c, const LengthLaw& lengths, double resolution) {
  const SpikedRace race = spiked_race(c, lengths, resolution);
  ArrayXd lost = ArrayXd::Zero(race.log_F.size());
  for (const Length& length : lengths)
    lost -= length.weight * (static_cast<double>(length.tokens - 1) * race.log_F).expm1();
  const ArrayXd terms = race.hf.log() + lost.log();
  const double top = terms.maxCoeff();
  return std::isinf(top) ? top : top + std::log((terms - top).exp().sum());
}

double max_gap(double nu, const LengthLaw& lengths, double resolution) {
  if (std::isinf(nu)) return 0;
  const int L_max = longest(lengths);
  const double h = step_of_powers(nu, L_max + 1) / resolution, x_min = left_end(nu) - 1;
  const double x_max = right_end(nu, digits + std::log(L_max));
  const int nodes = static_cast<int>(std::ceil((x_max - x_min) / h)) + 1;
  const SmoothedGumbel law = smoothed_gumbel(ArrayXd::LinSpaced(nodes, x_min, x_min + (nodes - 1) * h), nu);
  double gap = 0;
  for (const auto& [L, weight] : lengths)
    if (L > 1) gap += weight * h * L * (L - 1.0) * (law.d1.square() * power_of(law.above, L - 1)).sum();
  return gap;
}

}  // namespace quenched
