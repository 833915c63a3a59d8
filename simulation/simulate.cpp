#include <algorithm>
#include <chrono>
#include <mutex>
#include <numeric>
#include <optional>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/parallel.hpp>
#include <quenched/simulate.hpp>

#include "free_memory.hpp"
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
    throw InvalidInput("alpha", std::to_string(s.alpha),
                       "needs a number > 0 and fewer than 1e12 samples, alpha D");
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
                    const TrainingObserver& observer) {
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
    TrainingResult training =
        train(objective, training_start(directions, options, key(start_stream)), options, observer);
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

/// How many seeds run at once: no more than threads, seeds, or what 90 % of the free memory holds.
struct AtOnce {
  int seeds, threads;
};
AtOnce seeds_and_threads(const SimulateSpecification& s) {
  const int threads = thread_count(s.threads), wanted = std::min(threads, s.seeds);
  const double needed = static_cast<double>(memory_bytes(s));
  const std::optional<double> free = free_memory(needed, s.dimension, s.alpha);
  if (!free) return {wanted, threads};
  return {std::max(1, static_cast<int>(std::min<double>(wanted, *free / needed))), threads};
}

SimulateResult of_finished(const SimulateSpecification& s, const std::vector<SeedResult>& seeds) {
  SimulateResult result;
  result.samples = sample_count(s);
  for (const SeedResult& seed : seeds)
    if (seed.status != TrainingStatus::not_run) {
      result.seeds.push_back(seed);
      result.converged += seed.converged();
      result.gradient_norm = std::max(result.gradient_norm, seed.gradient_norm);
    }
  result.interrupted = result.seeds.size() < seeds.size();
  mean_and_standard_error(result.seeds, measured_figures, result.mean, result.standard_error,
                          &SeedResult::measured);
  return result;
}

}  // namespace

std::size_t memory_bytes(const SimulateSpecification& s) {
  check(s);
  return sample_bytes(s.problem.lengths, s.dimension, sample_count(s)) +
         Objective::workspace_bytes(s.dimension) + training_bytes(s.dimension, s.training);
}

double estimated_seconds(const SimulateSpecification& s) {
  check(s);
  SimulateSpecification small = s;  // at most 2^22 numbers, or a batch
  double length = 0;
  for (const Length& law : s.problem.lengths) length += law.weight * law.tokens;
  const double row = length * s.dimension;
  small.alpha = std::min(s.alpha, std::max<double>(Samples::block, (1 << 22) / row) / s.dimension);
  const Directions directions = draw_directions(s.dimension, 1);
  const auto began = [] { return std::chrono::steady_clock::now(); };
  const auto since = [](auto from) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  };
  auto start = began();
  const Samples samples = draw_samples(s.problem, directions, sample_count(small), 1, 1, s.tokens);
  const double drawing = since(start);
  const Objective objective(samples, *s.activation, s.ridge_k, s.ridge_v, 1);
  Eigen::VectorXd gradient;
  const Eigen::VectorXd theta = training_start(directions, s.training, 1);
  static_cast<void>(objective(theta, gradient));
  start = began();
  static_cast<void>(objective(theta, gradient));
  const double evaluation = since(start);
  const int standard = s.training.trainer == Trainer::l_bfgs ? 100
                       : s.training.trainer == Trainer::adam ? 200
                       : s.training.trainer == Trainer::sgd  ? 1
                                                             : 1000;
  const int passes = s.training.epochs == 0                  ? standard
                     : s.training.trainer == Trainer::l_bfgs ? std::min(standard, s.training.epochs)
                                                             : s.training.epochs;
  const double scale = static_cast<double>(sample_count(s)) / static_cast<double>(samples.size());
  const double tests = drawing * s.fresh_samples / static_cast<double>(samples.size());
  return s.seeds * (scale * (drawing + passes * evaluation) + tests) / seeds_and_threads(s).threads;
}

SimulateResult simulate(const SimulateSpecification& s, const SimulateObserver& observer) {
  check(s);
  const auto [at_once, threads] = seeds_and_threads(s);
  const int threads_each = std::max(1, threads / at_once);
  std::vector<SeedResult> seeds(s.seeds);
  std::vector<double> shares(s.seeds, 0.0);
  std::mutex observing;
  int done = 0, told = 0;
  const auto under_way = [&](int i, double share) {
    const std::lock_guard lock(observing);
    shares[i] = share;
    if (observer.progress) observer.progress(std::accumulate(shares.begin(), shares.end(), 0.0) / s.seeds);
  };
  parallel_for(s.seeds, at_once, [&](int i) {
    if (observer.stop && *observer.stop) return;
    const std::uint64_t number = s.first_seed + static_cast<std::uint64_t>(i);
    std::optional<SeedResult> seed = observer.known ? observer.known(number) : std::nullopt;
    const bool run = !seed;
    if (run)
      seed = run_seed(s, number, threads_each,
                      {.stop = observer.stop, .progress = [&](double share) { under_way(i, share); }});
    if (seed->status == TrainingStatus::interrupted) return;
    under_way(i, 1);
    const std::lock_guard lock(observing);
    if (run && observer.keep) observer.keep(*seed);
    seeds[i] = *seed;
    if (observer.seed_done && (++done <= 1000 || done > told + told / 100)) {
      told = done;
      observer.seed_done(of_finished(s, seeds));
    }
  });
  return of_finished(s, seeds);
}

}  // namespace quenched
