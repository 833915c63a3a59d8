#pragma once
#include <quenched/trainer.hpp>

namespace quenched {

/// The trainers that take fixed steps; which one is in the options.
[[nodiscard]] TrainingResult descend(const Objective& objective, const Eigen::VectorXd& start,
                                     const TrainingOptions& options, const std::atomic<bool>* stop);

}  // namespace quenched
