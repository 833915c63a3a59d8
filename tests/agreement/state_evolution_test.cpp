#include <doctest/doctest.h>

#include <cmath>
#include <quenched/simulate_amp.hpp>
#include <quenched/state_evolution.hpp>

using namespace quenched;

namespace {

constexpr int dimension = 1500, seeds = 6, iterations = 5;

/// Fluctuations of a sample's overlaps are a few 1/sqrt(D); 4.5 standard errors of the mean over seeds.
void check_agreement(const std::vector<AmpIteration>& run, const std::vector<StateEvolutionStep>& theory) {
  const double noise = 4.5 / std::sqrt(double(dimension) * seeds);
  REQUIRE(run.size() == theory.size());
  for (std::size_t t = 0; t < run.size(); ++t) {
    const AmpFigures& m = run[t].mean;
    const OrderParameters& o = theory[t].overlaps;
    INFO("iteration ", t);
    CHECK(theory[t].certificate.verdict == Verdict::trusted);
    CHECK(std::abs(m.m_k - o.m_k) < noise);
    CHECK(std::abs(m.q_k - o.q_k) < noise * std::max(1.0, 2 * o.q_k));
    CHECK(std::abs(m.V_k - o.V_k) < noise * std::max(1.0, o.V_k));
    CHECK(std::abs(m.m_v - o.m_v) < noise);
    CHECK(std::abs(m.q_v - o.q_v) < noise * std::max(1.0, 2 * o.q_v));
    CHECK(std::abs(m.V_v - o.V_v) < noise);
    CHECK(std::abs(m.test_error - theory[t].test_error) < 2 * noise * theory[t].test_error);
    CHECK(m.largest_cross_overlap < 5 / std::sqrt(double(dimension)));
  }
}

}  // namespace

TEST_CASE("Bayes: a run at finite D follows state evolution step by step, on both tasks") {
  for (const char* task : {"spiked", "max"}) {
    CAPTURE(task);
    const Problem problem{make_task(task, 2), {{2, 0.5}, {3, 0.5}}, 0.1};
    const double alpha = 3;
    check_agreement(simulate_amp({.problem = problem,
                                  .channel = bayes_amp_channel(problem),
                                  .attention = bayes_amp_attention(problem),
                                  .options = {.prior_k = bayes_amp_prior(problem, alpha)},
                                  .dimension = dimension,
                                  .alpha = alpha,
                                  .iterations = iterations,
                                  .seeds = seeds}),
                    bayes_state_evolution(problem, alpha, {0, 0}, iterations, {.tolerance = 1e-2}));
  }
}

TEST_CASE(
    "ERM: the same, softmax at L = 2; where the proximal point jumps theory says so, and a run departs") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0.1};
  const std::shared_ptr<const Activation> softmax = make_activation("softmax");
  const double alpha = 4, ridge = 0.5;
  AmpSimulateSpecification run = {.problem = problem,
                                  .channel = erm_amp_channel(softmax),
                                  .attention = erm_amp_attention(softmax),
                                  .options = {.prior_k = ridge, .prior_v = ridge},
                                  .dimension = dimension,
                                  .alpha = alpha,
                                  .start = {.m_k = 0.9, .q_k = 1, .m_v = 0.9, .q_v = 1},
                                  .iterations = iterations,
                                  .seeds = seeds};
  const auto path = [&](const OrderParameters& start) {
    return erm_state_evolution(problem, *softmax, alpha, ridge, ridge, start, iterations);
  };
  check_agreement(simulate_amp(run), path({0.9, 1, 1, 0.9, 1, 1}));

  run.start = {.q_k = 1, .q_v = 1};
  const StateEvolutionStep far = path({0, 1, 1, 0, 1, 1})[1];
  CHECK(far.certificate.verdict == Verdict::jumps);
  const AmpIteration first = simulate_amp(run)[1];
  CHECK(std::abs(first.mean.V_k - far.overlaps.V_k) > 2 * first.standard_error.V_k);
}
