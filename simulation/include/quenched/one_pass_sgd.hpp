#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <quenched/activation.hpp>
#include <quenched/overlaps.hpp>
#include <quenched/task.hpp>
#include <vector>

namespace quenched {

struct OnePassSpecification {
  Problem problem;
  std::shared_ptr<const Activation> activation;
  int dimension = 1000;        // D
  double learning_rate = 0.5;  // eta
  double ridge = 0.1;          // lambda
  Overlaps start = {.q_k = 1, .q_v = 1};
  std::vector<double> times;  // increasing; time = steps/D, rounded to whole steps
  int seeds = 8;
  std::uint64_t first_seed =
      1;            // seeds are first_seed, first_seed + 1, ...; each draws k*, v*, the start and the samples
  int threads = 0;  // 0: all cores. The result does not depend on it
  int test_samples = 1 << 14;  // for the test error, which costs O(L) a sample whatever D
};

struct OnePassFigures : Overlaps {
  double test_error = 0;  // E (y - f)^2, Delta included
};

struct OnePassState {
  double time = 0;
  OnePassFigures mean, standard_error;  // over the seeds
};

/// One-pass stochastic gradient descent at finite D: each step draws one fresh sample and takes
///     k += eta r sum_l u_l x_l/sqrt(D) - eta lambda k/D,   v += eta r sum_l s_l x_l/sqrt(D) - eta lambda
///     v/D, r = y - f(X), s = sigma(chi), u = (d sigma/d chi)^T z,   chi = X k/sqrt(D), z = X v/sqrt(D).
/// k*, v* and the start lie in random directions, at right angles, so that all overlaps are those asked for
/// at time 0. Uses the task's finite-D law only, none of the asymptotic equations. Same bytes for any thread
/// count. A seed that diverges makes the mean infinite or NaN. Throws InvalidInput for a dimension < 4, an
/// impossible start, a learning rate that is not > 0, a ridge < 0, fewer than 2 seeds. Cost: about 5 ns a
/// number: E[L] D^2 times.back() numbers a seed.
[[nodiscard]] std::vector<OnePassState> one_pass_sgd(
    const OnePassSpecification& specification, const std::function<void(int done, int total)>& progress = {});

}  // namespace quenched
