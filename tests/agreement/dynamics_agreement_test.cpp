#include <doctest/doctest.h>

#include <cmath>
#include <quenched/dynamics.hpp>
#include <quenched/one_pass_sgd.hpp>
#include <quenched/simulate.hpp>

using namespace quenched;

/// Within 4 standard errors, plus the finite-size correction, which is of order 1/D.
static void agrees(const char* activation, const Problem& problem, const Overlaps& start, double rate,
                   const std::vector<double>& times) {
  CAPTURE(activation);
  const auto sigma = make_activation(activation);
  constexpr int D = 600;
  const auto theory =
      dynamics(problem, *sigma, {.learning_rate = rate, .start = start, .times = times}, {.tolerance = 2e-3});
  const auto simulation = one_pass_sgd({.problem = problem,
                                        .activation = sigma,
                                        .dimension = D,
                                        .learning_rate = rate,
                                        .start = start,
                                        .times = times,
                                        .seeds = 8});
  for (std::size_t i = 0; i < times.size(); ++i) {
    CAPTURE(times[i]);
    const auto& [time, mean, error] = simulation[i];
    CHECK(theory[i].certificate.verdict == Verdict::trusted);
    for (const OverlapName& overlap : overlap_names) {
      CAPTURE(overlap.name);
      const auto value = overlap.value;
      CHECK(std::abs(mean.*value - theory[i].overlaps.*value) <=
            4 * error.*value + theory[i].uncertainty.overlaps.*value + 4.0 / D);
      CHECK(error.*value < 0.03);
    }
    CHECK(std::abs(mean.test_error - theory[i].test_error) <=
          4 * error.test_error + theory[i].uncertainty.test_error + 4.0 / D);
  }
}

TEST_CASE("order-parameter dynamics against one-pass SGD at D = 600, on the manifold and off it") {
  const Problem spiked{make_task("spiked", 4), {{2, 1}}, 0},
      random{make_task("spiked", 3), {{1, 0.4}, {3, 0.6}}, 0.2}, max{make_task("max", 3), {{2, 1}}, 0.1};
  const Overlaps crossed = {
      .m_k = 0.2, .q_k = 0.9, .m_v = 0.3, .q_v = 0.8, .m_kv = 0.5, .m_vk = -0.4, .q_kv = 0.3};
  agrees("softmax", spiked, {.q_k = 0.25, .q_v = 0.25}, 0.5, {3, 6});
  agrees("softmax", spiked, crossed, 0.5, {0.5, 1, 3});
  agrees("relu", random, crossed, 0.2, {0.5, 1, 3});
  agrees("softplus", max, crossed, 0.5, {0.5, 1, 3});
  agrees("linear", max, crossed, 0.1, {0.5, 1, 3});
}

TEST_CASE("training by sgd: an epoch is the dynamics up to time alpha, at ridge r/alpha") {
  const Problem problem{make_task("spiked", 4), {{1, 0.3}, {2, 0.7}}, 0.1};
  const auto softmax = make_activation("softmax");
  const SimulateResult run = simulate({.problem = problem,
                                       .activation = softmax,
                                       .dimension = 500,
                                       .alpha = 5,
                                       .ridge_k = 0.5,
                                       .ridge_v = 0.5,
                                       .seeds = 16,
                                       .training = {.start = TrainingStart::random,
                                                    .start_scale = 0.5,
                                                    .trainer = Trainer::sgd,
                                                    .learning_rate = 0.5}});
  CHECK(run.converged == 16);
  const DynamicsState theory =
      dynamics(problem, *softmax,
               {.learning_rate = 0.5, .ridge = 0.1, .start = {.q_k = 0.25, .q_v = 0.25}, .times = {5}},
               {.tolerance = 2e-3})
          .front();
  const auto near = [](double found, double error, double expected) {
    CHECK(std::abs(found - expected) <= 4 * error + 2e-3 + 4.0 / 500);
    CHECK(error < 0.02);
  };
  near(run.mean.m_k, run.standard_error.m_k, theory.overlaps.m_k);
  near(run.mean.q_k, run.standard_error.q_k, theory.overlaps.q_k);
  near(run.mean.m_v, run.standard_error.m_v, theory.overlaps.m_v);
  near(run.mean.q_v, run.standard_error.q_v, theory.overlaps.q_v);
  near(run.mean.test_error, run.standard_error.test_error, theory.test_error);
}
