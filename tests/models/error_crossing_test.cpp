#include <doctest/doctest.h>

#include <cmath>
#include <quenched/error_crossing.hpp>
#include <quenched/invalid_input.hpp>

using namespace quenched;

TEST_CASE(
    "softmax overtakes linear attention: the sides of the crossing, and none where one is better "
    "throughout") {
  const Problem problem{make_task("spiked", 4), {{2, 1.0}}, 0};
  const auto softmax = make_activation("softmax"), linear = make_activation("linear");
  const auto at = error_crossing(problem, *softmax, *linear, 1, 1, 1, 5);
  REQUIRE(at);
  CHECK(at->uncertainty < 1e-3 * at->alpha);
  CHECK(at->slope < 0);
  CHECK(std::abs(at->a.test_error - at->b.test_error) < 3e-4 * std::abs(at->slope));
  for (const double side : {-1, 1}) {
    const double alpha = at->alpha * (1 + 0.01 * side);
    const double difference =
        erm(problem, *softmax, alpha, 1, 1).test_error - erm(problem, *linear, alpha, 1, 1).test_error;
    CHECK(difference * side < 0);
  }
  const auto swapped = error_crossing(problem, *linear, *softmax, 1, 1, 1, 5);
  REQUIRE(swapped);
  CHECK(std::abs(swapped->alpha - at->alpha) < 2 * at->uncertainty);
  CHECK(!error_crossing(problem, *softmax, *linear, 1, 1, 3, 5));
  CHECK_THROWS_AS((void)error_crossing(problem, *softmax, *linear, 1, 1, 5, 1), InvalidInput);
}
