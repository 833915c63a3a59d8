#pragma once
#include "channel.hpp"

namespace quenched {

/// Fills the mean `jumps_k` of `means`, and its error, by following the global proximal point along lines in
/// field space (docs/equations.md, equation 5.11): 16 replicates of `lines` samples, for each one line in
/// omega_eps and one in the field of another token; a quarter of the samples
/// where these leave no doubt that jumps make up less than half a percent of Vhat_k. It uses neither a
/// derivative of g nor Stein's identity. Zero where the proximal point is known to be unique.
void add_jumps(ChannelMeans& means, const Problem& problem, const Activation& activation, int tokens,
               const OrderParameters& o, int lines, const ChannelOptions& options);

}  // namespace quenched
