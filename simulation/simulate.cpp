#include <algorithm>
#include <fstream>
#include <iomanip>
#include <mutex>
#include <optional>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/parallel.hpp>
#include <quenched/simulate.hpp>
#include <sstream>

#include "measured_overlaps.hpp"
#include "seed_statistics.hpp"

namespace quenched {
namespace {

enum SeedStream : std::uint64_t {
  directions_stream,
  training_stream,
  start_stream,
  test_stream,
  fresh_stream,
  order_stream_of_training
};

constexpr double Measurements::*measured_figures[] = {
    &Measurements::m_k,    &Measurements::q_k,        &Measurements::m_v,        &Measurements::q_v,
    &Measurements::m_kv,   &Measurements::m_vk,       &Measurements::q_kv,       &Measurements::train_error,
    &Measurements::energy, &Measurements::test_error, &Measurements::fresh_error};

Eigen::Index sample_count(const SimulateSpecification& s) {
  return static_cast<Eigen::Index>(std::llround(s.alpha * s.dimension));
}

void check(const SimulateSpecification& s) {
  if (!s.problem.task) throw InvalidInput("task", "(none)", "needs a task");
  check(s.problem);
  if (!s.activation) throw InvalidInput("activation", "(none)", "needs an activation");
  if (s.dimension < 1) throw InvalidInput("dimension", std::to_string(s.dimension), "needs at least 1");
  if (!(s.alpha > 0) || !(s.alpha * s.dimension < 1e12))
    throw InvalidInput("alpha", std::to_string(s.alpha), "needs a finite number > 0");
  if (sample_count(s) < 1)
    throw InvalidInput("alpha", std::to_string(s.alpha), "needs at least one sample, alpha D >= 1/2");
  if (s.seeds < 1) throw InvalidInput("seeds", std::to_string(s.seeds), "needs at least 1");
  if (s.test_samples < 2)
    throw InvalidInput("test_samples", std::to_string(s.test_samples), "needs at least 2");
  if (s.fresh_samples < 0 || s.fresh_samples == 1)
    throw InvalidInput("fresh_samples", std::to_string(s.fresh_samples), "needs 0, or at least 2");
  if (s.fresh_samples == 0 && s.tokens.kind != TokenLaw::Kind::gaussian)
    throw InvalidInput("fresh_samples", "0", "needs at least 2 where tokens are not Gaussian");
}

SeedResult run_seed(const SimulateSpecification& s, std::uint64_t seed, int threads,
                    const std::atomic<bool>* stop) {
  const auto key = [&](SeedStream stream) { return stream_key(seed, stream); };
  SeedResult result;
  result.seed = seed;
  const Directions directions = draw_directions(s.dimension, key(directions_stream));
  const auto trained = [&] {  // the training set is given back before the tests
    const Samples samples =
        draw_samples(s.problem, directions, sample_count(s), key(training_stream), threads, s.tokens);
    const Objective objective(samples, *s.activation, s.ridge_k, s.ridge_v, threads);
    TrainingOptions options = s.training;
    options.key = key(order_stream_of_training);
    const TrainingResult training =
        train(objective, training_start(directions, options, key(start_stream)), options, stop);
    result.measured.train_error = objective.train_error(training.objective, training.theta);
    return training;
  }();
  result.status = trained.status;
  result.gradient_norm = trained.gradient_norm;
  result.iterations = trained.iterations;
  result.evaluations = trained.evaluations;
  if (result.status == TrainingStatus::interrupted) return result;
  if (result.status == TrainingStatus::not_finite) {  // there is nothing to measure
    result.measured = {};
    return result;
  }

  Measurements& m = result.measured;
  const Eigen::VectorXd k = trained.theta.head(s.dimension), v = trained.theta.tail(s.dimension);
  const Overlaps overlaps = measured_overlaps(directions, k, v);
  m.m_k = overlaps.m_k, m.q_k = overlaps.q_k, m.m_v = overlaps.m_v, m.q_v = overlaps.q_v;
  m.m_kv = overlaps.m_kv, m.m_vk = overlaps.m_vk, m.q_kv = overlaps.q_kv;
  m.energy = trained.objective / s.dimension;
  if (s.fresh_samples > 0) {
    const MeanAndError fresh = squared_error(s.problem, directions, *s.activation, k, v, s.fresh_samples,
                                             key(fresh_stream), threads, s.tokens);
    m.fresh_error = fresh.mean;
    result.sampling_error.fresh_error = fresh.error;
  }
  m.test_error = m.fresh_error;
  result.sampling_error.test_error = result.sampling_error.fresh_error;
  if (s.tokens.kind == TokenLaw::Kind::gaussian) {
    const MeanAndError test =
        test_error(s.problem, directions, *s.activation, k, v, s.test_samples, key(test_stream), threads);
    m.test_error = test.mean;
    result.sampling_error.test_error = test.error;
  }
  return result;
}

/// MemAvailable of Linux, in bytes; empty elsewhere.
std::optional<double> available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;)
    if (word == "MemAvailable:") {
      double kibibytes = 0;
      if (file >> kibibytes) return kibibytes * 1024;
    }
  return std::nullopt;
}

/// How many seeds run at once: no more than threads, seeds, or what 90 % of the free memory holds.
int seeds_at_once(const SimulateSpecification& s) {
  const int wanted = std::min(thread_count(s.threads), s.seeds);
  const std::optional<double> free = available_memory();
  if (!free) return wanted;
  const double needed = static_cast<double>(memory_bytes(s));
  if (needed > 0.9 * *free) {
    constexpr double GiB = 1 << 30;
    std::ostringstream message;
    message << std::setprecision(3) << "not enough memory: one seed needs " << needed / GiB << " GiB, "
            << *free / GiB << " GiB are free; lower dimension (" << s.dimension << "), alpha (" << s.alpha
            << ") or length";
    throw OutOfMemory(message.str());
  }
  return std::max(1, static_cast<int>(std::min<double>(wanted, 0.9 * *free / needed)));
}

}  // namespace

std::size_t memory_bytes(const SimulateSpecification& s) {
  check(s);
  return sample_bytes(s.problem.lengths, s.dimension, sample_count(s)) +
         Objective::workspace_bytes(s.dimension) + training_bytes(s.dimension, s.training);
}

SimulateResult simulate(const SimulateSpecification& s, const SimulateObserver& observer) {
  check(s);
  const int at_once = seeds_at_once(s), threads_each = std::max(1, thread_count(s.threads) / at_once);
  std::vector<SeedResult> seeds(s.seeds);
  std::mutex progress_mutex;
  int done = 0;
  parallel_for(s.seeds, at_once, [&](int i) {
    if (observer.stop && *observer.stop) return;
    seeds[i] = run_seed(s, s.first_seed + static_cast<std::uint64_t>(i), threads_each, observer.stop);
    if (seeds[i].status == TrainingStatus::interrupted) return;
    const std::lock_guard lock(progress_mutex);
    ++done;
    if (observer.progress) observer.progress(done, s.seeds);
  });

  SimulateResult result;
  result.samples = sample_count(s);
  for (const SeedResult& seed : seeds)
    if (seed.status != TrainingStatus::not_run && seed.status != TrainingStatus::interrupted) {
      result.seeds.push_back(seed);
      result.converged += seed.converged();
      result.gradient_norm = std::max(result.gradient_norm, seed.gradient_norm);
    }
  result.interrupted = result.seeds.size() < seeds.size();
  mean_and_standard_error(result.seeds, measured_figures, result.mean, result.standard_error,
                          &SeedResult::measured);
  return result;
}

}  // namespace quenched
