#pragma once
#include <quenched/erm.hpp>
#include <quenched/work_limit.hpp>
#include <string>

namespace quenched {

/// What one training sample contributes at given order parameters, averaged (docs/equations.md, section 5;
/// without alpha).
enum ChannelMean : int {
  mhat_k,
  qhat_k,
  Vhat_k,
  mhat_v,
  qhat_v,
  Vhat_v,       // Vhat in Stein's form
  rho_squared,  // training error
  hit,
  power,  // E sigma_eps, E|sigma|^2 at the fields of a fresh sample
  fixed_point_means,
  // The rest is filled on request only.
  pointwise_k = fixed_point_means,
  pointwise_v,  // Vhat as the mean derivative, blind to jumps
  G_kk,
  G_kv,
  G_vv,       // E|G_ab|_F^2 of the response G = d(g_k, g_v)/d(omega, w)
  competing,  // share of samples with a second local minimum seen
  jumps_k,    // E sum_l of the jumps of g_k,l along omega_l: pointwise_k - Vhat_k, directly
  all_means
};

/// How much of a channel is asked for: each includes the one before.
enum class Detail {
  means,      // the fixed-point means
  errors,     // and their deviations
  responses,  // and all the other means, with theirs
};

struct ChannelMeans {
  Eigen::ArrayXd value;  // fixed_point_means or all_means entries
  Batch deviation;       // independent contributions to the error: error^2 = sum over rows of their squares
};

/// The deviation of a rule from its limit, from the means at its own step and two coarser ones, each 1.25
/// times the next. First row: the last difference, for the fixed-point means reduced where the differences
/// shrink fast, by a ratio r (to 5 r, at least a fifth: folds add a part that shrinks slowly). Then a fifth
/// of each mean's difference by itself, so that errors of different means cannot cancel for good. The
/// responses are singular where a minimum turns flat: a small last difference may be chance, so they take the
/// geometric mean of both differences where that is more.
[[nodiscard]] Batch refinement_deviation(const Eigen::ArrayXd& fine, const Eigen::ArrayXd& coarse,
                                         const Eigen::ArrayXd& coarsest,
                                         Eigen::Index means = fixed_point_means);

/// Adds weight times `m`, of one prompt length, to an average over lengths, whose errors are independent.
void add_weighted(ChannelMeans& sum, double weight, const ChannelMeans& m);
/// Of [[kk, kv], [kv, vv]].
[[nodiscard]] double largest_eigenvalue(double kk, double kv, double vv);

/// A rule for the channel's averages at one resolution.
class Channel {
 public:
  virtual ~Channel() = default;
  [[nodiscard]] virtual ChannelMeans means(const OrderParameters& o, Detail detail) = 0;
  [[nodiscard]] virtual std::string rule() const = 0;
  /// Random points were used last: single ones leap as their minimum changes.
  [[nodiscard]] virtual bool sampled() const { return false; }
};

struct ChannelOptions {
  int level = 0;  // resolution, from coarsest_level on: finer ones cost 2 to 4 times the one before
  std::uint64_t seed = 1;
  int threads = 0;
  std::shared_ptr<WorkLimit> work = nullptr;  // of sampled rules: token passes of the proximal point
};

/// L = 1 and sum_l sigma_l = 1, or sigma shift invariant: the attention is constant and every average is a closed form.
[[nodiscard]] std::unique_ptr<Channel> single_token_channel(const Problem& problem);
/// Any task, activation and L: scrambled Sobol points, the proximal point by Newton from several starts.
[[nodiscard]] std::unique_ptr<Channel> sampled_channel(const Problem& problem, const Activation& activation,
                                                       int tokens, const ChannelOptions& options);
/// L = 2, sigma normalised and shift invariant: three dimensions on a grid, the global proximal point
/// exactly.
[[nodiscard]] std::unique_ptr<Channel> pair_channel(const Problem& problem, const Activation& activation,
                                                    const ChannelOptions& options);
/// L = 3, sigma normalised and shift invariant, or L = 2: two dimensions of omega and those of (y, w) on a
/// grid.
[[nodiscard]] std::unique_ptr<Channel> grid_channel(const Problem& problem, const Activation& activation,
                                                    int tokens, const ChannelOptions& options);
/// sigma = 1 + chi and independent tokens: two dimensions at any L.
[[nodiscard]] std::unique_ptr<Channel> linear_channel(const Problem& problem, const Activation& activation,
                                                      int tokens, const ChannelOptions& options);
/// The best of the above for this task, activation and L = tokens.
[[nodiscard]] std::unique_ptr<Channel> make_channel(const Problem& problem, const Activation& activation,
                                                    int tokens, const ChannelOptions& options);
/// The level to begin at: below it a rule gives too little to go on. Sampled prompts of more than 16 tokens
/// begin with 1024 points.
[[nodiscard]] int coarsest_level(const Problem& problem, const ActivationInfo& info);
/// The level at which diagnostics and other branches begin: grids resolve little below 0.
[[nodiscard]] int first_level(const Problem& problem, const ActivationInfo& info);
/// The finest level that is tried for these prompt lengths: what it costs bounds the time of a point.
[[nodiscard]] int finest_level(const Problem& problem, const ActivationInfo& info);
/// The level that is nearest to this many points of a sampled rule, 4096 being level 0.
[[nodiscard]] int level_of(int points, int finest);
/// Some prompt length is left to the sampled rule.
[[nodiscard]] bool samples(const Problem& problem, const ActivationInfo& info);

}  // namespace quenched
