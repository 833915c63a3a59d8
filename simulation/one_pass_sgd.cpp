#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/one_pass_sgd.hpp>
#include <quenched/parallel.hpp>
#include <quenched/sampler.hpp>

#include "measured_overlaps.hpp"
#include "placed_start.hpp"
#include "seed_statistics.hpp"
#include "single_steps.hpp"

namespace quenched {
namespace {

enum OnePassStream : std::uint64_t { frame_stream, order_stream, one_pass_test_stream, sample_streams };

std::vector<OnePassFigures> run_one_pass(const OnePassSpecification& s, std::uint64_t seed) {
  const PlacedStart start = placed_start(s.start, s.dimension, stream_key(seed, frame_stream));
  SingleSteps descending(*s.activation, s.learning_rate, s.ridge, s.ridge, start.k, start.v);
  std::vector<OnePassFigures> figures;
  Samples samples;
  std::vector<SampleOf> order;
  std::int64_t done = 0;
  for (const double time : s.times) {
    for (const std::int64_t steps = std::llround(time * s.dimension); done < steps; ++done) {
      const std::int64_t within = done % Samples::block;
      if (within == 0) {
        const auto draw = static_cast<std::uint64_t>(done / Samples::block);
        samples = draw_samples(s.problem, start.directions, Samples::block,
                               stream_key(seed, sample_streams + draw), 1);
        order = in_random_order(samples, stream_key(stream_key(seed, order_stream), draw));
      }
      descending.step(samples, order[static_cast<std::size_t>(within)]);
    }
    const Eigen::VectorXd k = descending.k(), v = descending.v();
    OnePassFigures at{measured_overlaps(start.directions, k, v)};
    at.test_error = test_error(s.problem, start.directions, *s.activation, k, v, s.test_samples,
                               stream_key(stream_key(seed, one_pass_test_stream), figures.size()), 1)
                        .mean;
    figures.push_back(at);
  }
  return figures;
}

void check(const OnePassSpecification& s) {
  if (!s.problem.task) throw InvalidInput("task", "(none)", "needs a task");
  check(s.problem);
  if (!s.activation) throw InvalidInput("activation", "(none)", "needs an activation");
  check(s.start);
  if (s.dimension < 4) throw InvalidInput("dimension", std::to_string(s.dimension), "needs at least 4");
  if (!(s.learning_rate > 0) || std::isinf(s.learning_rate))
    throw InvalidInput("learning_rate", std::to_string(s.learning_rate), "needs a finite number > 0");
  if (!(s.ridge >= 0) || std::isinf(s.ridge))
    throw InvalidInput("ridge", std::to_string(s.ridge), "needs a finite number >= 0");
  if (s.seeds < 2) throw InvalidInput("seeds", std::to_string(s.seeds), "needs at least 2");
  if (s.test_samples < 1)
    throw InvalidInput("test_samples", std::to_string(s.test_samples), "needs at least 1");
  for (std::size_t i = 0; i < s.times.size(); ++i)
    if (!(s.times[i] >= 0) || !(s.times[i] * s.dimension < 1e12) || (i > 0 && !(s.times[i] > s.times[i - 1])))
      throw InvalidInput("time", std::to_string(s.times[i]), "needs increasing finite times >= 0");
}

}  // namespace

std::vector<OnePassState> one_pass_sgd(const OnePassSpecification& s,
                                       const std::function<void(int done, int total)>& progress) {
  check(s);
  std::vector<std::vector<OnePassFigures>> seeds(static_cast<std::size_t>(s.seeds));
  std::mutex progress_mutex;
  int done = 0;
  parallel_for(s.seeds, s.threads, [&](int i) {
    seeds[i] = run_one_pass(s, s.first_seed + static_cast<std::uint64_t>(i));
    const std::lock_guard lock(progress_mutex);
    ++done;
    if (progress) progress(done, s.seeds);
  });
  constexpr double OnePassFigures::*figures[] = {
      &OnePassFigures::m_k,  &OnePassFigures::q_k,  &OnePassFigures::m_v,  &OnePassFigures::q_v,
      &OnePassFigures::m_kv, &OnePassFigures::m_vk, &OnePassFigures::q_kv, &OnePassFigures::test_error};
  std::vector<OnePassState> states;
  for (std::size_t t = 0; t < s.times.size(); ++t) {
    OnePassState state{s.times[t], {}, {}};
    mean_and_standard_error(seeds, figures, state.mean, state.standard_error,
                            [t](const std::vector<OnePassFigures>& seed) { return seed[t]; });
    states.push_back(state);
  }
  return states;
}

}  // namespace quenched
