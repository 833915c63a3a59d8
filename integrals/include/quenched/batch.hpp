#pragma once
#include <Eigen/Core>

namespace quenched {

/// A block of points: rows are points (contiguous), columns are coordinates, tokens or outputs.
using Batch = Eigen::ArrayXXd;

}  // namespace quenched
