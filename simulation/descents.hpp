#pragma once
#include <quenched/trainer.hpp>

namespace quenched {

/// The trainers that take fixed steps; which one is in the options.
[[nodiscard]] TrainingResult descend(const Objective& objective, const Eigen::VectorXd& start,
                                     const TrainingOptions& options, const TrainingObserver& observer);

/// How far the gradient has come from where it was first, on a logarithmic scale: in [0, 1].
[[nodiscard]] double share_of_descent(double first, double present, double tolerance);

}  // namespace quenched
