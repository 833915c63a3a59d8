#pragma once
#include <memory>
#include <quenched/activation.hpp>
#include <quenched/amp_channel.hpp>
#include <quenched/certificate.hpp>
#include <quenched/erm.hpp>
#include <quenched/task.hpp>
#include <vector>

namespace quenched {

/// The posterior's output function (docs/equations.md, section 4), for any task and Delta:
///     g_k = sum_l p_l grad log S_l, g_v,l = p_l (y - w_l)/(V_v + Delta), p_l ~ S_l N(y; w_l, V_v + Delta);
/// the divergence of g_k by central differences. Cost: 2 L + 1 posteriors a sample.
[[nodiscard]] AmpChannel bayes_amp_channel(const Problem& problem);
/// S_l normalised: the attention of the posterior mean.
[[nodiscard]] AmpAttention bayes_amp_attention(const Problem& problem);
/// P_k = prior + A_k: 1 + alpha Delta_a sum_l S_l, which is 1 + alpha nu (spiked) or 1 (max), because
/// E|g_k|^2 = E[-div g_k] + Delta_a sum_l S_l.
[[nodiscard]] double bayes_amp_prior(const Problem& problem, double alpha);

/// The proximal output function (equation 5.2) at its global minimum, as far as starts along every token's
/// line find it. Where the proximal point jumps its divergence misses the jumps, and message passing does not
/// follow (5.3).
[[nodiscard]] AmpChannel erm_amp_channel(std::shared_ptr<const Activation> activation);
[[nodiscard]] AmpAttention erm_amp_attention(std::shared_ptr<const Activation> activation);

struct StateEvolutionOptions {
  double tolerance = 1e-3;  // target for the largest uncertainty, relative to max(1, |value|)
  std::uint64_t seed = 1;
  int threads = 0;
};

/// Infinite D after some iterations. Bayes: m = q and V = 1 - q.
struct StateEvolutionStep {
  OrderParameters overlaps;
  double test_error = unknown;  // of the estimator at this iteration, Delta included
  struct {
    OrderParameters overlaps;
    double test_error = unknown;
  } uncertainty;
  Certificate certificate;  // converged: finite so far
};

/// The equations of section 4, undamped, from overlaps (q_k, q_v) in [0, 1): entry t is what message passing
/// has after t iterations (docs/equations.md, section 7). The error of each iteration is carried on by the
/// map's Jacobian; the rule is refined until the tolerance is met. Throws as `bayes`. Cost: some five
/// evaluations of the averages an iteration and level.
[[nodiscard]] std::vector<StateEvolutionStep> bayes_state_evolution(
    const Problem& problem, double alpha, const Eigen::Vector2d& start, int iterations,
    const StateEvolutionOptions& options = {});

/// The same for section 5's equations. Where an iteration's proximal point jumps, a run at finite D departs:
/// the verdict is `jumps` (`marginal` where the weight's error does not tell). A V that is not positive ends
/// the path: unknown from there on. Throws as `erm`. Cost: some 13 evaluations of the averages an iteration
/// and level, and the responses once until it settles.
[[nodiscard]] std::vector<StateEvolutionStep> erm_state_evolution(
    const Problem& problem, const Activation& activation, double alpha, double ridge_k, double ridge_v,
    const OrderParameters& start, int iterations, const StateEvolutionOptions& options = {});

}  // namespace quenched
