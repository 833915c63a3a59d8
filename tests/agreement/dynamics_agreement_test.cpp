#include <doctest/doctest.h>

#include <cmath>
#include <quenched/dynamics.hpp>
#include <quenched/one_pass_sgd.hpp>

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
    for (const auto& [name, value] : overlap_names) {
      CAPTURE(name);
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
