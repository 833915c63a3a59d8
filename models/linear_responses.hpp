#pragma once
#include <quenched/point_set.hpp>

#include "channel.hpp"

namespace quenched {

/// E|G_ab|_F^2 of equation (5.5) for sigma = 1 + chi and independent tokens, L >= 2. The proximal point
/// depends on a sample through A = |a|^2, W = |w|^2, C = a.w and y alone (a = 1 + omega), and so do the
/// responses, H being d I + z z^T/D: eight dimensions and one cost for every L, by scrambled Sobol points.
class LinearResponses {
 public:
  LinearResponses(const Problem& problem, int tokens, int size, std::uint64_t seed, int threads);
  /// All means, of which G_kk, G_kv and G_vv are filled, with twice the standard error over the scramblings,
  /// `size` points each.
  [[nodiscard]] ChannelMeans means(const OrderParameters& o) const;

 private:
  Problem problem_;
  int others_, threads_;
  PointSet points_;  // xi, then (a, w) of eps, then a and w along (1, .., 1) of the others, w along a, the
                     // root of a chi-square and a chi-square
};

}  // namespace quenched
