#pragma once
#include <functional>
#include <quenched/point_set.hpp>
#include <quenched/task.hpp>

#include "field_controls.hpp"
#include "global_proximal.hpp"

namespace quenched {

/// L normals with no common mode from L - 1 (points x (L - 1)): an orthonormal basis of the plane sum = 0
/// (Helmert).
[[nodiscard]] Batch without_common_mode(const Batch& normals);

/// Samples of the channel at their global proximal point (docs/equations.md, section 5).
struct SampledBlock {
  FieldLaw law;           // omega and what belongs to it
  Batch zeta, w;          // w = sqrt(q_v) zeta
  Eigen::ArrayXd y, t_v;  // t_v is for w_0 what law.t is for omega
  double slope, spread;   // y | w ~ N(slope zeta_0, spread)
  GlobalProximal proximal;
  Batch g_k, g_v;
  Batch controls;  // FieldControls
};

/// Scrambled Sobol points (y's noise, w's L normals, the fields' normals) with their proximal points, which
/// start from those of the previous call.
class SampledPoints {
 public:
  static constexpr int replicates = 16, block = 64;
  static constexpr Eigen::Index most_kept = 1 << 24;  // numbers, of points and of proximal points: 128 MB

  /// `size` points a replicate: a power of two, at least `block`.
  SampledPoints(const Problem& problem, const Activation& activation, int tokens, int size,
                std::uint64_t seed, int threads, std::shared_ptr<WorkLimit> work = nullptr);

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int dimension() const { return points_.dimension; }

  /// Means over the samples of weight * f(block), points x outputs, and what the replicates deviate from
  /// them, with `FieldControls` as control variates of all outputs but the last `shares`. Other minima are
  /// sought everywhere if `search` is set or o has moved since they were; else only where two competed then.
  [[nodiscard]] ChannelMeans means(const OrderParameters& o, int outputs, bool search,
                                   const std::function<Batch(const SampledBlock&)>& f, int shares = 0);

 private:
  [[nodiscard]] SampledBlock at(const OrderParameters& o, int b, bool search);
  [[nodiscard]] Batch expected(const OrderParameters& o, const FieldControls& control) const;

  static constexpr int more_fields = 4;

  Problem problem_;
  const Activation& activation_;
  int L_, threads_, size_;
  double law_passes_;  // what a token of the fields' law costs, in passes of the proximal minimiser over it
  std::shared_ptr<WorkLimit> work_;
  bool common_mode_, warm_filled_ = false;
  PointSet points_, fields_;
  Batch warm_;                // proximal points of the previous call
  Eigen::ArrayXd competing_;  // where two minima competed when all samples were searched, at
  Eigen::Array<double, 6, 1> searched_;
};

}  // namespace quenched
