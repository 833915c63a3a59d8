#pragma once
#include <cstdint>
#include <functional>
#include <quenched/amp.hpp>
#include <quenched/overlaps.hpp>
#include <quenched/task.hpp>
#include <vector>

namespace quenched {

struct AmpSimulateSpecification {
  Problem problem;
  AmpChannel channel;
  AmpAttention attention;  // of the estimator, for its test error
  AmpOptions options;      // prior_k, prior_v, cross, threads; runs `iterations` whatever the tolerance
  int dimension = 1000;    // D
  double alpha = 4;        // N = round(alpha D) samples
  Overlaps start;          // of (k, v), exactly
  double V_k = 1, V_v = 1;
  int iterations = 30;
  int seeds = 4;
  std::uint64_t first_seed = 1;  // each draws k*, v*, the start and the samples
  int test_samples = 1 << 16;    // for the test error, which costs O(L) a sample whatever D
};

struct AmpFigures {
  double m_k = NAN, q_k = NAN, V_k = NAN, m_v = NAN, q_v = NAN, V_v = NAN, test_error = NAN;
  double largest_cross_overlap =
      NAN;  // of |m_kv|, |m_vk|, |q_kv|: 1/sqrt(D) as long as the run is on the manifold
};

/// After t iterations, t = 0, ..., over the seeds whose run goes on: it ends where a V is not positive.
struct AmpIteration {
  AmpFigures mean, standard_error;  // NaN over no seed; the error NaN below two
  int seeds = 0;
};

/// Message passing (docs/equations.md, section 7) at finite D on fresh data a seed, iteration by iteration.
/// Uses the task's finite-D law and the channel given, none of the state evolution. Same bytes for any thread
/// count. Throws InvalidInput (dimension < 4, alpha, seeds < 2, iterations < 1, an impossible start) and
/// OutOfMemory. Cost:
/// iterations times 4 N E[L] D float products and N channel evaluations a seed.
[[nodiscard]] std::vector<AmpIteration> simulate_amp(
    const AmpSimulateSpecification& specification,
    const std::function<void(int done, int total)>& progress = {});

}  // namespace quenched
