#pragma once
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <quenched/activation.hpp>
#include <quenched/task.hpp>
#include <quenched/trainer.hpp>
#include <stdexcept>
#include <vector>

namespace quenched {

struct SimulateSpecification {
  Problem problem;
  std::shared_ptr<const Activation> activation;
  int dimension = 1000;  // D
  double alpha = 4;      // N = round(alpha D) samples
  double ridge_k = 0.1, ridge_v = 0.1;
  int seeds = 4;
  std::uint64_t first_seed =
      1;                     // seeds are first_seed, first_seed + 1, ...; each draws k*, v*, data and start
  int threads = 0;           // 0: all cores. The result does not depend on it
  TrainingOptions training;  // its `key` is replaced by one of the seed
  TokenLaw tokens;
  int test_samples = 1 << 18;  // for test_error, which costs O(L) a sample whatever D
  int fresh_samples =
      1 << 13;  // for fresh_error, which costs O(L D) a sample; 0: not measured (Gaussian alone)
};

/// What is measured on a trained (k, v). Errors are E(y - f)^2: no factor 1/2, Delta included.
struct Measurements {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  double m_k = unknown, q_k = unknown, m_v = unknown, q_v = unknown;  // k.k*/D, |k|^2/D, v.v*/D, |v|^2/D
  double m_kv = unknown, m_vk = unknown, q_kv = unknown;              // k.v*/D, v.k*/D, k.v/D
  double train_error = unknown;                                       // mean (y - f)^2 over the training set
  double energy = unknown;                                            // objective/D
  /// Over new samples of the law seen by (k*, v*, k, v): a rotation puts the four in R^4, where the same task
  /// is sampled at D = 4 (docs/equations.md, section 3). Exact for Gaussian tokens: |X|-invariance is all it
  /// uses. For other tokens it is fresh_error.
  double test_error = unknown;
  double fresh_error = unknown;  // over new samples of D-dimensional tokens: slower, noisier, assumes nothing
};

struct SeedResult {
  std::uint64_t seed = 0;
  Measurements measured;
  struct {
    double test_error = Measurements::unknown, fresh_error = Measurements::unknown;
  } sampling_error;  // 1 sd
  TrainingStatus status = TrainingStatus::not_run;
  double gradient_norm = INFINITY;  // |gradient of the objective|/sqrt(D) at (k, v)
  int iterations = 0, evaluations = 0;
  [[nodiscard]] bool converged() const {
    return status == TrainingStatus::converged || status == TrainingStatus::finished;
  }
};

struct SimulateResult {
  std::vector<SeedResult> seeds;      // those finished, in order of seed
  Measurements mean, standard_error;  // over the finished seeds; the error is NaN below two
  std::int64_t samples = 0;           // N
  int converged = 0;                  // how many seeds converged, or finished where steps are counted
  double gradient_norm = 0;           // the largest of the seeds
  bool interrupted = false;
};

/// Not enough memory: thrown before anything is taken. The message names GiB needed, GiB free and what to
/// lower.
class OutOfMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Peak bytes of one seed (the training set dominates: 4 N E[L] D). `simulate` runs as many seeds at once as
/// there are threads and memory allows.
[[nodiscard]] std::size_t memory_bytes(const SimulateSpecification& specification);

/// About how long `simulate` will take: one evaluation is timed on a small sample of the same shape. L-BFGS
/// is taken to need 100 evaluations, descents 1000 unless `epochs` says otherwise: a factor of 3 either way.
[[nodiscard]] double estimated_seconds(const SimulateSpecification& specification);

/// Called by one thread at a time.
struct SimulateObserver {
  /// With the seeds finished by then: after each of the first thousand, then after every hundredth part more.
  std::function<void(const SimulateResult& so_far)> seed_done;
  /// Of the work done, seeds under way included: training counts by the logarithm of its gradient.
  std::function<void(double share)> progress;
  const std::atomic<bool>* stop = nullptr;      // set it to get the finished seeds back
  std::function<void(const SeedResult&)> keep;  // each seed that was run
  std::function<std::optional<SeedResult>(std::uint64_t seed)> known;  // from an earlier call: not run again
};

/// Draws data and trains at finite D (docs/equations.md, sections 1, 2 and 5), for each seed
///     minimise sum_i (y_i - f(X_i))^2/2 + (r_k/2)|k|^2 + (r_v/2)|v|^2,   f = sum_l sigma(chi)_l z_l,
///     chi = X k/sqrt(D), z = X v/sqrt(D), |k*|^2 = |v*|^2 = D.
/// Uses the task's finite-D law only, none of the asymptotic equations. Same bytes for any thread count.
/// A seed that does not converge is counted in the mean and flagged, never dropped: see `converged`. One that
/// diverges (`not_finite`) has no measurements, and the mean is NaN.
/// Throws InvalidInput (keys dimension, alpha, ridge_k, ridge_v, seeds, start_scale, ...) and OutOfMemory.
/// Cost: about 4 N E[L] D float products an evaluation, a few hundred evaluations a seed.
[[nodiscard]] SimulateResult simulate(const SimulateSpecification& specification,
                                      const SimulateObserver& observer = {});

}  // namespace quenched
