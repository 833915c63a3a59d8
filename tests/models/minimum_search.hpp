#pragma once
#include <quenched/activation.hpp>

#include "channel.hpp"

/// How often the search for a sample's global minimum misses it.
struct MissedMinima {
  int samples = 0, missed = 0,
      bistable = 0;  // bistable: samples for which the brute force found more than one minimum
  double loss = 0;   // mean over all samples of what was missed, in h
};

/// `samples` draws of (omega, y, w) for spiked tokens at the overlaps o: the multistart of the sampled rule
/// against Newton from `starts` random points, half of them around omega at the scales 1 to 3 sqrt(V_k), half
/// uniform in the transitions |chi| <= 12.
[[nodiscard]] MissedMinima missed_minima(const quenched::Activation& activation, int L,
                                         const quenched::OrderParameters& o, double signal, double noise,
                                         int samples, int starts, std::uint64_t seed);
