#pragma once
#include <quenched/rsb.hpp>

#include "channel.hpp"

namespace quenched {

/// What one training sample contributes beyond replica symmetry, averaged (docs/equations.md, section 8;
/// without alpha). <.> is the average inside a state, E the one over states' common fields.
namespace rsb_mean {
enum : int {
  mhat_k,
  qhat0_k,
  qhat1_k,
  Vhat_k,
  mhat_v,
  qhat0_v,
  qhat1_v,
  Vhat_v,       // Vhat = -E <g>.score of the outer fields
  rho_squared,  // E <rho^2>
  log_mean,     // E log E_1 exp(-Y M)
  loss,         // E <M>
  hit,
  power,  // E sigma_eps, E|sigma|^2 of a fresh sample, at q1
  fixed_point,
  // The rest is filled on request only.
  pointwise_k = fixed_point,
  pointwise_v,  // -E <div g>, blind to jumps
  inside_kk,
  inside_kv,
  inside_vv,  // E <|G_ab|_F^2>
  between_kk,
  between_kv,
  between_vv,  // E |d<g_a>/d(outer fields b)|_F^2
  all
};
}  // namespace rsb_mean

/// A rule for these averages at one resolution. Needs m^2 <= q0 <= q1.
class RsbChannel {
 public:
  virtual ~RsbChannel() = default;
  [[nodiscard]] virtual ChannelMeans means(const RsbOverlaps& o, double Y, bool diagnostics) = 0;
  [[nodiscard]] virtual std::string rule() const = 0;
  /// Random points: their errors largely cancel between two solutions on the same points. `deviation` is
  /// filled always; what few inner points leave is in it with diagnostics only.
  [[nodiscard]] virtual bool sampled() const = 0;
};

/// L = 2, sigma normalised and shift invariant: the proximal point tabulated on a three-dimensional grid, the
/// inner average as one convolution an axis.
[[nodiscard]] std::unique_ptr<RsbChannel> rsb_pair_channel(const Problem& problem,
                                                           const Activation& activation,
                                                           const ChannelOptions& options);
/// L = 3, the same activations: a grid of five dimensions. At level 2 a gigabyte, and no finer one.
[[nodiscard]] std::unique_ptr<RsbChannel> rsb_grid_channel(const Problem& problem,
                                                           const Activation& activation,
                                                           const ChannelOptions& options);
/// Everything else: scrambled Sobol points for the outer average, two independent antithetic halves for the
/// inner one. `symmetric_rule`, if any, gives the means of replica symmetry, which serve as control variates.
[[nodiscard]] std::unique_ptr<RsbChannel> rsb_sampled_channel(
    const Problem& problem, const Activation& activation, int tokens, const ChannelOptions& options,
    std::unique_ptr<Channel> symmetric_rule = nullptr);
/// The same with the means of replica symmetry where these are known without random points.
[[nodiscard]] std::unique_ptr<RsbChannel> rsb_controlled_channel(const Problem& problem,
                                                                 const Activation& activation, int tokens,
                                                                 const ChannelOptions& options);
[[nodiscard]] std::unique_ptr<RsbChannel> make_rsb_channel(const Problem& problem,
                                                           const Activation& activation, int tokens,
                                                           const ChannelOptions& options);
/// The level to begin at: below 0 a grid is too coarse to say where Sigma = 0 or whether states merge, but
/// not to begin with at a `given` Y.
[[nodiscard]] int rsb_first_level(const Problem& problem, const Activation& activation, bool given);
/// The finest resolution that is tried, or the one nearest to `points` where that is not 0.
[[nodiscard]] int rsb_last_level(const Problem& problem, const Activation& activation, int points);

}  // namespace quenched
