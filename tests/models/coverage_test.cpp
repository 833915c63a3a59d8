#include <doctest/doctest.h>

#include "random_points.hpp"

TEST_CASE("random points: at least 90 percent of the reported numbers lie within their stated uncertainty") {
  int reported = 0, held = 0, points = 0;
  for (const RandomPoint& point : random_points(60, 5)) {
    const int L = point.problem.lengths.front().tokens;
    if (L > (point.activation == "linear" && point.problem.task->name() == "spiked" ? 5 : 2))
      continue;  // the quick ones
    if (point.activation == "softplus" || point.activation == "softmax-1") continue;
    ++points;
    for (const ReportedNumber& number : reported_numbers(point, 1 << 15)) {
      ++reported;
      held += number.held();
      CAPTURE(point.text());
      CAPTURE(number.name);
      WARN(number.held());
    }
  }
  CHECK(points >= 15);
  CHECK(reported >= 6 * points);  // the fixed points were reached
  CHECK(held >= 0.9 * reported);
}
