#pragma once
#include <Eigen/Core>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <quenched/objective.hpp>
#include <quenched/sampler.hpp>
#include <string>

namespace quenched {

/// Where training starts: (k, v) = scale (k*, v*); or both N(0, I) times the scale (`random` and `small`,
/// which differ by the default scale: 1, 1 and 0.01). None of them looks at the data.
enum class TrainingStart { informed, random, small };

enum class Trainer {
  l_bfgs,
  /// theta -= (eta D/N) gradient of the objective: after n steps the time eta n of the flow in
  /// docs/dynamics.md.
  gradient_descent,
  /// k's gradient over its mean Gauss-Newton curvature (objective.hpp), v's likewise, times eta.
  preconditioned_descent,
  /// Kingma and Ba's (beta .9, .999), a step a batch of 64 samples, batches in random order every epoch;
  /// eta falls linearly to 0 over the epochs.
  adam,
  /// A step a sample, in random order every epoch, ridge D/N: one epoch is docs/dynamics.md's one-pass SGD
  /// to time alpha.
  sgd
};

enum class TrainingStatus {
  not_run,
  converged,    // |gradient| <= tolerance sqrt(D)
  finished,     // took all the steps that it was to take: epochs given, or adam and sgd
  line_search,  // no further decrease found, even with the memory cleared at the best point
  max_evaluations,
  not_finite,  // the objective or its gradient was infinite or NaN at the start, or a descent diverged
  interrupted
};
[[nodiscard]] std::string name_of(TrainingStatus status);

struct TrainingOptions {
  TrainingStart start = TrainingStart::informed;
  double start_scale = 0;  // 0: the start's default
  Trainer trainer = Trainer::l_bfgs;
  double learning_rate = 0;  // eta; 0: 0.5, of adam 0.02, of preconditioned_descent 0.2
  int epochs = 0;            // passes over the samples; 0: adam 200, sgd 1, others until they converge
  std::uint64_t key = 1;     // of the random orders of adam and sgd
  double gradient_tolerance = 1e-6;  // on |gradient of the objective|/sqrt(D); rounding stops it near 1e-8
  int max_evaluations = 10000;       // of the objective with its gradient, unless `epochs` says otherwise
  int memory = 20;                   // corrections that L-BFGS keeps
};

/// l-bfgs, gradient-descent, preconditioned-descent, adam, sgd, each but the first with its learning rate as
/// adam:0.02. Throws InvalidInput (key `trainer`).
[[nodiscard]] TrainingOptions trainer_named(const std::string& text);

struct TrainingResult {
  TrainingStatus status = TrainingStatus::not_run;
  Eigen::VectorXd theta;            // (k, v): of l_bfgs, unless converged, the lowest seen; else the last
  double objective = INFINITY;      // at theta
  double gradient_norm = INFINITY;  // |gradient|/sqrt(D) at theta
  int iterations = 0, evaluations = 0;
};

struct TrainingObserver {
  const std::atomic<bool>* stop = nullptr;     // set it to end training
  std::function<void(double share)> progress;  // of the way to the end, by the steps or by the gradient
};

/// theta = (k, v) at the start; random ones are drawn from `key`.
/// Throws InvalidInput unless start_scale is finite and >= 0.
[[nodiscard]] Eigen::VectorXd training_start(const Directions& directions, const TrainingOptions& options,
                                             std::uint64_t key);

/// Trains by the trainer chosen. L-BFGS has a line search for the strong Wolfe conditions (Nocedal and
/// Wright): a failed one clears the memory and starts again at the best point, as long as that helps; a step
/// to where the objective is not finite is shortened. The descents have fixed steps and may diverge. Ends
/// with a status, never with an exception. Throws InvalidInput unless gradient_tolerance > 0, max_evaluations
/// >= 1, memory >= 1, learning_rate finite and >= 0, epochs >= 0.
[[nodiscard]] TrainingResult train(const Objective& objective, const Eigen::VectorXd& start,
                                   const TrainingOptions& options = {},
                                   const TrainingObserver& observer = {});

/// Bytes that `train` takes, beside the objective's.
[[nodiscard]] std::size_t training_bytes(int dimension, const TrainingOptions& options);

}  // namespace quenched
