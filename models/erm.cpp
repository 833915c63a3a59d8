#include <quenched/erm.hpp>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>

#include <Eigen/LU>

#include <algorithm>
#include <cmath>

#include "channel.hpp"
#include "symmetry.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

enum class Rule { single_token, pair, linear, grid, sampled };

Rule rule_for(const Problem& problem, const ActivationInfo& info, int tokens) {
  const bool invariant = info.normalised && info.shift_invariant;
  if (info.normalised && tokens == 1) return Rule::single_token;
  if (info.name == "linear" && problem.task->independent_tokens()) return Rule::linear;
  if (info.smooth && invariant && tokens == 2) return Rule::pair;
  if (info.smooth && info.folds && tokens == (invariant ? 3 : 2)) return Rule::grid;
  return Rule::sampled;
}

/// The finest resolution that is tried: what it costs bounds the time of a point.
int last_level(const Problem& problem, const ActivationInfo& info) {
  int last = 6;
  for (const auto& [tokens, weight] : problem.lengths) {
    const Rule rule = rule_for(problem, info, tokens);
    if (rule == Rule::grid) last = std::min(last, 3);
    if (rule != Rule::sampled) continue;
    constexpr double budget = 8e7;  // points times what one costs: L lines of L tokens, and the rest
    int level = 0;
    while (level < 5 && 4096 * std::pow(4.0, level + 1) * tokens * (tokens + 8) <= budget) ++level;
    last = std::min(last, level);
  }
  return last;
}

/// The fixed-point map and the observables at one resolution: channels of all prompt lengths, averaged over P_L.
class ErmEquations {
 public:
  ErmEquations(const Problem& problem, const Activation& activation, double alpha, double r_k, double r_v,
               const ChannelOptions& options)
      : Delta_(problem.noise), alpha_(alpha), r_k_(r_k), r_v_(r_v) {
    for (const auto& [tokens, weight] : problem.lengths)
      channels_.emplace_back(weight, make_channel(problem, activation, tokens, options));
  }

  static OrderParameters overlaps(const VectorXd& x) { return {x[0], x[1], x[2], x[3], x[4], x[5]}; }
  static VectorXd vector(const OrderParameters& o) {
    return (VectorXd(6) << o.m_k, o.q_k, o.V_k, o.m_v, o.q_v, o.V_v).finished();
  }
  [[nodiscard]] bool feasible(const VectorXd& x) const {
    const auto bounded = [](double m, double q) { return q >= 0 && m * m <= q * (1 + 1e-12); };
    return x[2] > 0 && x[5] > 0 && bounded(x[0], x[1]) && bounded(x[3], x[4]) &&
           (x[4] == 0 || 1 - x[3] * x[3] / x[4] + Delta_ > 0);
  }

  [[nodiscard]] ChannelMeans means(const VectorXd& x, bool diagnostics) const {
    ChannelMeans all;
    for (const auto& [weight, channel] : channels_) {
      ChannelMeans m = channel->means(overlaps(x), diagnostics);
      m.value *= weight, m.deviation *= weight;
      if (all.value.size() == 0) {
        all = std::move(m);
        continue;
      }
      all.value += m.value;
      Batch stacked(all.deviation.rows() + m.deviation.rows(), m.deviation.cols());
      stacked << all.deviation, m.deviation;
      all.deviation = std::move(stacked);
    }
    return all;
  }

  /// The six updated order parameters, then test error, train error and energy at x.
  [[nodiscard]] VectorXd update(const VectorXd& x, const Eigen::ArrayXd& m) const {
    const OrderParameters o = overlaps(x);
    VectorXd out(9);
    const auto ridge = [&](Eigen::Index at, double r, double mhat, double qhat, double Vhat) {
      const double V = 1 / (r + alpha_ * Vhat);
      out[at] = V * alpha_ * mhat;
      out[at + 1] = V * V * (alpha_ * alpha_ * mhat * mhat + alpha_ * qhat);
      out[at + 2] = V > 0 ? V : unknown;
    };
    ridge(0, r_k_, m[mhat_k], m[qhat_k], m[Vhat_k]);
    ridge(3, r_v_, m[mhat_v], m[qhat_v], m[Vhat_v]);
    out[6] = 1 + Delta_ - 2 * o.m_v * m[hit] + o.q_v * m[power];
    out[7] = m[rho_squared];
    out[8] = (r_k_ * o.q_k + r_v_ * o.q_v + alpha_ * m[rho_squared]) / 2;
    return out;
  }

  /// The largest eigenvalue of R_ab = alpha V_a^2 E|G_ab|_F^2.
  [[nodiscard]] double replicon(const VectorXd& x, const Eigen::ArrayXd& m) const {
    const double kk = alpha_ * x[2] * x[2] * m[G_kk], vv = alpha_ * x[5] * x[5] * m[G_vv];
    const double kv = alpha_ * x[2] * x[5] * m[G_kv];
    return (kk + vv) / 2 + std::sqrt((kk - vv) * (kk - vv) / 4 + kv * kv);
  }

  [[nodiscard]] std::string rule() const {
    std::string text;
    for (const auto& [weight, channel] : channels_) text += (text.empty() ? "" : "; ") + channel->rule();
    return text;
  }

 private:
  double Delta_, alpha_, r_k_, r_v_;
  std::vector<std::pair<double, std::unique_ptr<Channel>>> channels_;
};

void check(double alpha, double ridge_k, double ridge_v, const ErmOptions& options) {
  const auto positive = [](const char* key, double value) {
    if (!(value > 0) || std::isinf(value)) throw InvalidInput(key, std::to_string(value), "needs a finite number > 0");
  };
  positive("alpha", alpha), positive("ridge_k", ridge_k), positive("ridge_v", ridge_v);
  positive("tolerance", options.tolerance);
}

OrderParameters start_of(const ErmOptions& options, double r_k, double r_v) {
  if (options.from) return *options.from;
  const double V_k = std::min(1.0, 1 / r_k), V_v = std::min(1.0, 1 / r_v);
  if (options.start == Start::informed) return {0.9, 1.0, V_k, 0.9, 1.0, V_v};
  return {0.01, 0.1, V_k, 0.01, 0.1, V_v};
}

double jump_weight(const Eigen::ArrayXd& m) {
  return m[Vhat_k] == m[pointwise_k] ? 0 : (m[Vhat_k] - m[pointwise_k]) / m[Vhat_k];
}

}  // namespace

std::unique_ptr<Channel> make_channel(const Problem& problem, const Activation& activation, int tokens,
                                      const ChannelOptions& options) {
  switch (rule_for(problem, activation.info(), tokens)) {
    case Rule::single_token: return single_token_channel(problem);
    case Rule::pair: return pair_channel(problem, activation, options);
    case Rule::linear: return linear_channel(problem, activation, tokens, options);
    case Rule::grid: return grid_channel(problem, activation, tokens, options);
    case Rule::sampled: break;
  }
  return sampled_channel(problem, activation, tokens, options);
}

Batch refinement_deviation(const Eigen::ArrayXd& fine, const Eigen::ArrayXd& coarse, const Eigen::ArrayXd& coarsest) {
  const auto size = [&](const Eigen::ArrayXd& difference) {
    return (difference / fine.abs().max(1e-3)).head(fixed_point_means).abs().maxCoeff();
  };
  const double before = size(coarse - coarsest), last = size(fine - coarse);
  constexpr double least = 0.2;
  const Eigen::ArrayXd difference = fine - coarse;
  Batch deviation = Batch::Zero(1 + fixed_point_means, fine.size());
  deviation.row(0) = difference.transpose();
  deviation.row(0).head(fixed_point_means) *= before > 0 ? std::clamp(5 * last / before, least, 1.0) : 1.0;
  deviation.bottomLeftCorner(fixed_point_means, fixed_point_means).matrix().diagonal() = least * difference.head(fixed_point_means).matrix();
  return deviation;
}

ErmResult erm(const Problem& problem, const Activation& activation, double alpha, double ridge_k, double ridge_v,
              const ErmOptions& options) {
  check(problem);
  check(alpha, ridge_k, ridge_v, options);
  if (activation.info().name == "hardmax")
    throw InvalidInput("activation", "hardmax", "has no slope: its proximal point lies on ties, which ERM does not follow");
  ErmResult result;
  VectorXd x = ErmEquations::vector(start_of(options, ridge_k, ridge_v));
  Eigen::MatrixXd J;  // of the six updates and three observables, by the six order parameters
  const int finest = options.points > 0 ? std::clamp(static_cast<int>(std::lround(std::log2(options.points / 4096.0) / 2)), 0, 8)
                                        : last_level(problem, activation.info());
  const double residual_target = std::max(1e-10, 1e-2 * options.tolerance);

  double worst = INFINITY;  // error of the last resolution, relative to the tolerance's scale
  for (int level = 0;;) {
    const ErmEquations equations(problem, activation, alpha, ridge_k, ridge_v, {level, options.seed, options.threads});
    const Map full = [&](const VectorXd& at) { return equations.update(at, equations.means(at, false).value); };
    FixedPointOptions solve{.tolerance = residual_target,
                            .damped_steps = J.size() == 0 && !options.from ? 8 : 0,
                            .feasible = [&](const VectorXd& at) { return equations.feasible(at); }};
    Eigen::PartialPivLU<Eigen::MatrixXd> newton;  // of I - J
    FixedPointReport report;
    if (J.size() == 0) {
      report = fixed_point([&](const VectorXd& at) -> VectorXd { return full(at).head(6); }, x, solve);
      J = jacobian(full, report.x, 1e-4, solve.feasible);
      newton.compute(Eigen::MatrixXd::Identity(6, 6) - J.topRows(6));
    } else {
      // Newton's step with the Jacobian of the coarse rule contracts by the difference of the two Jacobians.
      newton.compute(Eigen::MatrixXd::Identity(6, 6) - J.topRows(6));
      solve.max_iterations = 20;
      solve.map_error = std::max(residual_target, 0.05 * worst);
      report = fixed_point(
          [&](const VectorXd& at) -> VectorXd { return at + newton.solve(full(at).head(6) - at); }, x, solve);
    }
    x = report.x;
    const ChannelMeans means = equations.means(x, true);
    const VectorXd at = equations.update(x, means.value);

    // delta x = (I - J)^-1 delta F for every independent error of the rule, and for the residual that is left.
    const auto carried = [&](VectorXd change) {
      change.head(6) = newton.solve(change.head(6)).eval();
      change.tail(3) += J.bottomRows(3) * change.head(6);
      return change.array().square().eval();
    };
    VectorXd residual = VectorXd::Zero(9);
    residual.head(6) = at.head(6) - x;
    Eigen::ArrayXd error = carried(residual);
    Certificate& c = result.certificate;
    c.stability_eigenvalue = equations.replicon(x, means.value);
    double eigenvalue_error = 0;
    for (Eigen::Index r = 0; r < means.deviation.rows(); ++r) {
      const Eigen::ArrayXd moved = means.value + means.deviation.row(r).transpose();
      error += carried(equations.update(x, moved) - at);
      eigenvalue_error += std::pow(equations.replicon(x, moved) - c.stability_eigenvalue, 2);
    }
    error = error.sqrt().eval();
    c.stability_error = std::sqrt(eigenvalue_error);
    c.converged = report.reached();
    c.residual = (residual.head(6).array() / (1 + x.array().abs())).abs().maxCoeff();
    c.iterations += report.iterations;
    c.integration_rule = equations.rule();
    c.integration_error = error.maxCoeff();
    c.jump_weight = std::abs(jump_weight(means.value));
    c.jump_weight_direct = means.value[jumps_k] / std::abs(means.value[Vhat_k]);
    c.jump_weight_direct_error =
        std::sqrt(means.deviation.col(jumps_k).square().sum()) / std::abs(means.value[Vhat_k]);
    c.competing = means.value[competing];
    result.overlaps = ErmEquations::overlaps(x);
    result.test_error = at[6], result.train_error = at[7], result.energy = at[8];
    result.uncertainty = {error[6], error[7], error[8], ErmEquations::overlaps(error.head(6))};
    VectorXd values(9);
    values << x, at.tail(3);
    worst = (error / values.array().abs().max(1)).maxCoeff();
    if (worst <= options.tolerance || level >= finest || !std::isfinite(worst)) {
      const auto symmetry = symmetry_eigenvalue(problem, activation, alpha, result.overlaps, options.seed, options.threads);
      c.symmetry_eigenvalue = symmetry.value, c.symmetry_error = symmetry.error;
      judge(c, {.reached = c.converged, .error = worst, .tolerance = options.tolerance});
      return result;
    }
    level = std::min(finest, level + std::max(1, static_cast<int>(std::ceil(std::log2(worst / options.tolerance) / 2))));
  }
}

}  // namespace quenched
