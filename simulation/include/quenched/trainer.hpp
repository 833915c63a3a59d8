#pragma once
#include <Eigen/Core>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <quenched/objective.hpp>
#include <quenched/sampler.hpp>
#include <string>

namespace quenched {

/// Where training starts: (k, v) = scale (k*, v*); or both N(0, I) times the scale (`random` and `small`,
/// which differ by the default scale: 1, 1 and 0.01). None of them looks at the data.
enum class TrainingStart { informed, random, small };

enum class TrainingStatus {
  not_run,
  converged,    // |gradient| <= tolerance sqrt(D)
  line_search,  // no further decrease found, even with the memory cleared at the best point
  max_evaluations,
  not_finite,  // the objective or its gradient was infinite or NaN at the start
  interrupted
};
[[nodiscard]] std::string name_of(TrainingStatus status);

struct TrainingOptions {
  TrainingStart start = TrainingStart::informed;
  double start_scale = 0;            // 0: the start's default
  double gradient_tolerance = 1e-6;  // on |gradient of the objective|/sqrt(D); rounding stops it near 1e-8
  int max_evaluations = 10000;       // of the objective with its gradient
  int memory = 20;                   // corrections that L-BFGS keeps
};

struct TrainingResult {
  TrainingStatus status = TrainingStatus::not_run;
  Eigen::VectorXd theta;            // (k, v): the last iterate when converged, else the lowest seen
  double objective = INFINITY;      // at theta
  double gradient_norm = INFINITY;  // |gradient|/sqrt(D) at theta
  int iterations = 0, evaluations = 0;
};

/// theta = (k, v) at the start; random ones are drawn from `key`.
/// Throws InvalidInput unless start_scale is finite and >= 0.
[[nodiscard]] Eigen::VectorXd training_start(const Directions& directions, const TrainingOptions& options,
                                             std::uint64_t key);

/// A local minimum of the objective, by L-BFGS with a line search for the strong Wolfe conditions (Nocedal
/// and Wright). A failed line search clears the memory and starts again at the best point, as long as that
/// helps; a step to where the objective is not finite is shortened. Ends with a status, never with an
/// exception. Throws InvalidInput unless gradient_tolerance > 0, max_evaluations >= 1, memory >= 1.
[[nodiscard]] TrainingResult train(const Objective& objective, const Eigen::VectorXd& start,
                                   const TrainingOptions& options = {},
                                   const std::atomic<bool>* stop = nullptr);

/// Bytes that `train` takes, beside the objective's.
[[nodiscard]] std::size_t training_bytes(int dimension, const TrainingOptions& options);

}  // namespace quenched
