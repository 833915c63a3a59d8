#include "channel.hpp"

#include <algorithm>
#include <cmath>

namespace quenched {
namespace {

constexpr int long_prompt = 16;

enum class Rule { single_token, pair, linear, grid, sampled };

Rule rule_for(const Problem& problem, const ActivationInfo& info, int tokens) {
  const bool invariant = info.normalised && info.shift_invariant;
  if ((info.normalised || info.shift_invariant) && tokens == 1) return Rule::single_token;  // sigma = 1
  if (info.name == "linear" && problem.task->independent_tokens()) return Rule::linear;
  if (info.smooth && invariant && tokens == 2) return Rule::pair;
  if (info.smooth && info.folds && tokens == (invariant ? 3 : 2)) return Rule::grid;
  return Rule::sampled;
}

}  // namespace

int coarsest_level(const Problem& problem, const ActivationInfo& info) {
  if (!samples(problem, info)) return -2;
  return std::ranges::max(problem.lengths, {}, &Length::tokens).tokens > long_prompt ? -1 : 0;
}

int first_level(const Problem& problem, const ActivationInfo& info) {
  return samples(problem, info) ? coarsest_level(problem, info) : 0;
}

int finest_level(const Problem& problem, const ActivationInfo& info) {
  int last = 6;
  for (const auto& [tokens, weight] : problem.lengths) {
    const Rule rule = rule_for(problem, info, tokens);
    if (rule == Rule::grid) last = std::min(last, 3);
    if (rule != Rule::sampled) continue;
    constexpr double budget = 7e7;  // points times tokens
    int level = 0;
    while (level < 5 && 4096 * std::pow(4.0, level + 1) * tokens <= budget) ++level;
    last = std::min(last, level);
  }
  return last;
}

int level_of(int points, int finest) {
  return std::clamp(static_cast<int>(std::lround(std::log2(points / 4096.0) / 2)), 0, finest);
}

void add_weighted(ChannelMeans& sum, double weight, const ChannelMeans& m) {
  if (sum.value.size() == 0) sum = {Eigen::ArrayXd::Zero(m.value.size()), Batch(0, m.value.size())};
  sum.value += weight * m.value;
  Batch stacked(sum.deviation.rows() + m.deviation.rows(), m.value.size());
  stacked << sum.deviation, weight * m.deviation;
  sum.deviation = std::move(stacked);
}

double largest_eigenvalue(double kk, double kv, double vv) {
  return (kk + vv) / 2 + std::sqrt((kk - vv) * (kk - vv) / 4 + kv * kv);
}

std::unique_ptr<Channel> make_channel(const Problem& problem, const Activation& activation, int tokens,
                                      const ChannelOptions& options) {
  switch (rule_for(problem, activation.info(), tokens)) {
    case Rule::single_token:
      return single_token_channel(problem);
    case Rule::pair:
      return pair_channel(problem, activation, options);
    case Rule::linear:
      return linear_channel(problem, activation, tokens, options);
    case Rule::grid:
      return grid_channel(problem, activation, tokens, options);
    case Rule::sampled:
      break;
  }
  return sampled_channel(problem, activation, tokens, options);
}

bool samples(const Problem& problem, const ActivationInfo& info) {
  return std::ranges::any_of(
      problem.lengths, [&](const Length& l) { return rule_for(problem, info, l.tokens) == Rule::sampled; });
}

Batch refinement_deviation(const Eigen::ArrayXd& fine, const Eigen::ArrayXd& coarse,
                           const Eigen::ArrayXd& coarsest, Eigen::Index means) {
  const auto size = [&](const Eigen::ArrayXd& difference) {
    return (difference / fine.abs().max(1e-3)).head(means).abs().maxCoeff();
  };
  const double before = size(coarse - coarsest), last = size(fine - coarse);
  constexpr double least = 0.2;
  const Eigen::ArrayXd difference = fine - coarse;
  Batch deviation = Batch::Zero(1 + means, fine.size());
  deviation.row(0) = difference.transpose();
  deviation.row(0).head(means) *= before > 0 ? std::clamp(5 * last / before, least, 1.0) : 1.0;
  const Eigen::Index responses = fine.size() - means;
  const Eigen::ArrayXd d = difference.tail(responses).abs();
  deviation.row(0).tail(responses) =
      d.max((d * (coarse - coarsest).tail(responses).abs()).sqrt()).transpose();
  deviation.bottomLeftCorner(means, means).matrix().diagonal() = least * difference.head(means).matrix();
  return deviation;
}

}  // namespace quenched
