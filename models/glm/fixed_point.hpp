#pragma once
#include <Eigen/Core>
#include <optional>
#include <quenched/fixed_point.hpp>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>

namespace quenched {

/// Throws InvalidInput as glm() does.
void check(const Teacher& teacher, const Loss& loss, double alpha, double ridge, double tolerance);

/// (m, q, V) of ridge-regularised ERM to a residual of 10 `accuracy`, which the averages have too; nothing is
/// checked and no error estimated. From a cold start that is too far, a larger ridge is followed down, with a
/// linear prediction in its logarithm.
[[nodiscard]] FixedPointReport glm_fixed_point(const Teacher& teacher, const Loss& loss, double alpha,
                                               double ridge, double accuracy,
                                               const std::optional<Eigen::Vector3d>& from);

}  // namespace quenched
