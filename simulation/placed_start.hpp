#pragma once
#include <quenched/overlaps.hpp>
#include <quenched/sampler.hpp>

namespace quenched {

/// k*, v* and a start (k, v) with the overlaps asked for, in four random directions at right angles, each
/// sqrt(D) long.
struct PlacedStart {
  Directions directions;
  Eigen::VectorXd k, v;
};
[[nodiscard]] PlacedStart placed_start(const Overlaps& o, int D, std::uint64_t key);

}  // namespace quenched
