#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <quenched/erm_curve.hpp>
#include <quenched/invalid_input.hpp>

#include "erm_equations.hpp"

using namespace quenched;

TEST_CASE(
    "linear attention: three fixed points between two folds, each one of erm's where the iteration holds "
    "it") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0};
  const auto linear = make_activation("linear");
  const ErmCurve curve = erm_curve(problem, *linear, 0.1, 0.1, 3.4, 5.5);
  CHECK(curve.end == CurveEnd::left);
  REQUIRE(curve.spinodals.size() == 2);
  for (const ErmSpinodal& s : curve.spinodals) CHECK(s.uncertainty < 1e-3 * s.alpha);
  const double up = curve.spinodals[1].alpha, down = curve.spinodals[0].alpha;
  CHECK(down < up);
  const auto crossings = [&](double alpha) {
    int count = 0;
    for (std::size_t i = 1; i < curve.states.size(); ++i)
      count += (curve.states[i].alpha - alpha) * (curve.states[i - 1].alpha - alpha) < 0;
    return count;
  };
  CHECK(crossings(down - 0.05) == 1);
  CHECK(crossings((down + up) / 2) == 3);
  CHECK(crossings(up + 0.05) == 1);
  const ErmOptions from_there{.branches = 0, .responses = false, .symmetry = false};
  int held = 0;
  for (std::size_t i = 2; i < curve.states.size(); i += 4) {
    const ErmState& s = curve.states[i];
    ErmOptions options = from_there;
    options.from = s.solution.overlaps;
    const ErmResult r = erm(problem, *linear, s.alpha, 0.1, 0.1, options);
    if (!r.certificate.converged || std::abs(r.overlaps.m_k - s.solution.overlaps.m_k) > 0.01) continue;
    ++held;
    CHECK(std::abs(r.test_error - s.solution.test_error) <
          2 * (r.uncertainty.test_error + s.solution.uncertainty.test_error));
    CHECK(std::abs(r.energy - s.solution.energy) <
          2 * (r.uncertainty.energy + s.solution.uncertainty.energy));
  }
  CHECK(held >= 3);
  // Those that repel the iteration too: fixed points by a finer rule.
  for (std::size_t i = 0; i < curve.states.size(); i += 5) {
    const ErmState& s = curve.states[i];
    const ErmEquations fine(problem, *linear, s.alpha, 0.1, 0.1, {.level = 2});
    const Eigen::VectorXd x = ErmEquations::vector(s.solution.overlaps);
    CAPTURE(s.alpha);
    CHECK((fine.update(x).head(6) - x).cwiseAbs().maxCoeff() < 2e-3);
  }
  CHECK_THROWS_AS((void)erm_curve(problem, *linear, 0.1, 0.1, 2, 1), InvalidInput);
}
