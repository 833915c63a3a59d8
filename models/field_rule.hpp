#pragma once
#include <quenched/activation.hpp>
#include <quenched/population.hpp>
#include <quenched/task.hpp>
#include <string>
#include <vector>

namespace quenched {

/// E sigma_eps and E|sigma|^2 at chi = m_k chi*, averaged over the prompt length.
struct AttentionMoments {
  double hit = 0, norm = 0;
};

/// Weighted teacher fields chi*: hit = sum_i hit_weight_i sigma_0(m chi*_i), norm = sum_i norm_weight_i
/// |sigma(m chi*_i)|^2.
struct WeightedFields {
  Batch chi_star;
  Eigen::ArrayXd hit_weight, norm_weight;
};

/// A mean over replicates with twice its standard error (0 for a deterministic rule, of one).
[[nodiscard]] Excess replicate_mean(const Eigen::ArrayXd& each);

/// A rule for the average over (eps, chi*) at infinite alpha: one list of weighted fields per replicate (one:
/// deterministic).
struct FieldRule {
  std::vector<std::vector<WeightedFields>> replicates;
  std::string name;
  [[nodiscard]] AttentionMoments moments(const Activation& activation, double m_k,
                                         std::size_t replicate) const;
};

/// Trapezoid rules: one dimension for an activation that acts on each token alone, whatever the length; else
/// a tensor rule in L dimensions (L <= 3; at nu = infinity in the largest field and the gaps below it).
/// `resolution` divides the steps. Falls back to scrambled Sobol points where that would take more
/// than 4e5 points.
[[nodiscard]] FieldRule field_rule(const Problem& problem, bool elementwise, double resolution, int threads);
/// Binary logarithms of the points a replicate of a sampled rule, to begin with and at most: fewer for
/// prompts of more than 16 tokens, for time and memory (1 GB at 366 tokens).
struct SampleSizes {
  int first = 13, last = 15;
};
[[nodiscard]] SampleSizes sample_sizes(const Problem& problem);
/// 16 replicates of scrambled Sobol points.
[[nodiscard]] FieldRule sampled_field_rule(const Problem& problem, int points_a_replicate, int threads);

}  // namespace quenched
