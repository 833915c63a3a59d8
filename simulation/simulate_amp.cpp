#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/simulate_amp.hpp>
#include <string>

#include "free_memory.hpp"
#include "measured_overlaps.hpp"
#include "placed_start.hpp"
#include "seed_statistics.hpp"

namespace quenched {
namespace {

enum AmpStream : std::uint64_t { amp_start_stream, amp_samples_stream, amp_test_stream };

void check(const AmpSimulateSpecification& s) {
  if (!s.problem.task) throw InvalidInput("task", "(none)", "needs a task");
  check(s.problem);
  check(s.start);
  if (s.dimension < 4) throw InvalidInput("dimension", std::to_string(s.dimension), "needs at least 4");
  if (!(s.alpha * s.dimension >= 0.5) || !(s.alpha * s.dimension < 1e12))
    throw InvalidInput("alpha", std::to_string(s.alpha), "needs at least one sample, alpha D >= 1/2");
  if (s.iterations < 1) throw InvalidInput("iterations", std::to_string(s.iterations), "needs at least 1");
  if (s.seeds < 2) throw InvalidInput("seeds", std::to_string(s.seeds), "needs at least 2");
}

/// Mean of (y - s.z)^2 over the samples, at D = 4 (see `projected`).
double predicted_error(const Samples& samples, const AmpAttention& attention, const Projected& at,
                       double V_k) {
  const Eigen::MatrixXd tokens = samples.tokens.topRows(4).cast<double>().transpose() / 2;
  const Eigen::ArrayXd chi = tokens * at.k, z = tokens * at.v;
  double sum = 0;
  Batch s;
  for (const SampleGroup& group : samples.groups) {
    const auto fields = [&](const Eigen::ArrayXd& all) {
      return Eigen::Map<const Eigen::ArrayXXd>(&all[group.first_token], group.length, group.samples)
          .transpose()
          .eval();
    };
    attention(fields(chi), V_k, s);
    const Eigen::ArrayXd f = (s * fields(z)).rowwise().sum();
    sum += (samples.y.segment(group.first_sample, group.samples) - f).square().sum();
  }
  return sum / static_cast<double>(samples.size());
}

std::vector<AmpFigures> run_amp(const AmpSimulateSpecification& s, std::uint64_t seed) {
  const PlacedStart start = placed_start(s.start, s.dimension, stream_key(seed, amp_start_stream));
  const Samples samples = draw_samples(s.problem, start.directions, std::llround(s.alpha * s.dimension),
                                       stream_key(seed, amp_samples_stream), s.options.threads);
  AmpState state{.k = start.k, .v = start.v, .V_k = s.V_k, .V_v = s.V_v};
  std::vector<AmpFigures> figures(static_cast<std::size_t>(s.iterations) + 1);
  for (int t = 0;; ++t) {
    if (!(state.V_k > 0) || !(state.V_v > 0) || !state.k.allFinite() || !state.v.allFinite()) break;
    const Overlaps o = measured_overlaps(start.directions, state.k, state.v);
    const Projected four = projected(start.directions, state.k, state.v);
    const Samples fresh = draw_samples(
        s.problem, four.directions, s.test_samples,
        stream_key(stream_key(seed, amp_test_stream), static_cast<std::uint64_t>(t)), s.options.threads);
    figures[static_cast<std::size_t>(t)] = {o.m_k,
                                            o.q_k,
                                            state.V_k,
                                            o.m_v,
                                            o.q_v,
                                            state.V_v,
                                            predicted_error(fresh, s.attention, four, state.V_k),
                                            o.off_manifold()};
    if (t == s.iterations) break;
    state = amp_step(samples, s.channel, state, s.options);
  }
  return figures;
}

}  // namespace

std::vector<AmpIteration> simulate_amp(const AmpSimulateSpecification& s,
                                       const std::function<void(int done, int total)>& progress) {
  check(s);
  const auto samples = static_cast<Eigen::Index>(std::llround(s.alpha * s.dimension));
  static_cast<void>(free_memory(static_cast<double>(sample_bytes(s.problem.lengths, s.dimension, samples)),
                                s.dimension, s.alpha));
  std::vector<std::vector<AmpFigures>> seeds;
  for (int i = 0; i < s.seeds; ++i) {
    seeds.push_back(run_amp(s, s.first_seed + static_cast<std::uint64_t>(i)));
    if (progress) progress(i + 1, s.seeds);
  }
  constexpr double AmpFigures::*figures[] = {
      &AmpFigures::m_k, &AmpFigures::q_k, &AmpFigures::V_k,        &AmpFigures::m_v,
      &AmpFigures::q_v, &AmpFigures::V_v, &AmpFigures::test_error, &AmpFigures::largest_cross_overlap};
  std::vector<AmpIteration> iterations(static_cast<std::size_t>(s.iterations) + 1);
  for (std::size_t t = 0; t < iterations.size(); ++t) {
    std::vector<AmpFigures> going_on;
    for (const auto& seed : seeds)
      if (!std::isnan(seed[t].m_k)) going_on.push_back(seed[t]);
    iterations[t].seeds = static_cast<int>(going_on.size());
    mean_and_standard_error(going_on, figures, iterations[t].mean, iterations[t].standard_error);
  }
  return iterations;
}

}  // namespace quenched
