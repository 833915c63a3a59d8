#include <doctest/doctest.h>

#include <cmath>
#include <quenched/bayes_phase.hpp>
#include <quenched/invalid_input.hpp>

using namespace quenched;

namespace {

Problem spiked(int L, double nu, double Delta) {
  return {.task = make_task("spiked", nu), .lengths = {{L, 1.0}}, .noise = Delta};
}

const BayesOptions rough{.tolerance = 2e-3, .from = {}};

/// Do both starts of bayes() end on the one branch there is? A lingering one is no fixed point.
bool one_branch(const Problem& problem, double alpha) {
  const auto informed = bayes(problem, alpha, Start::informed, rough),
             other = bayes(problem, alpha, Start::uninformed, rough);
  return !informed.certificate.converged || !other.certificate.converged ||
         std::abs(informed.q_k - other.q_k) < 1e-3;
}

}  // namespace

TEST_CASE("spinodals and alpha_IT of L = 6: both starts on both sides of each, and equal free entropies") {
  const Problem problem = spiked(6, 2, 1e-4);
  const BayesPhase phase = bayes_phase(problem, 1, 2, {.tolerance = 1e-3, .from = {}});
  CHECK(phase.end == CurveEnd::left);
  REQUIRE(phase.thresholds.size() == 3);
  const auto &lower = phase.thresholds[0], &crossing = phase.thresholds[1], &upper = phase.thresholds[2];
  CHECK(lower.kind == BayesThresholdKind::lower_spinodal);
  CHECK(upper.kind == BayesThresholdKind::upper_spinodal);
  for (const BayesThreshold& t : phase.thresholds) {
    CHECK(t.certificate.verdict == Verdict::trusted);
    CHECK(t.uncertainty <= 1e-3);
  }
  CHECK(one_branch(problem, lower.alpha - 5e-3));
  CHECK(!one_branch(problem, lower.alpha + 5e-3));
  CHECK(!one_branch(problem, upper.alpha - 5e-3));
  CHECK(one_branch(problem, upper.alpha + 5e-3));
  const auto informed = bayes(problem, crossing.alpha, Start::informed),
             other = bayes(problem, crossing.alpha, Start::uninformed);
  CHECK(informed.q_k - other.q_k > 0.1);
  const double slope =
      std::abs(informed.free_entropy - bayes(problem, crossing.alpha + 0.01, Start::informed).free_entropy) /
      0.01;
  CHECK(std::abs(informed.free_entropy - other.free_entropy) <
        slope * crossing.uncertainty + informed.uncertainty.free_entropy + other.uncertainty.free_entropy);
}

TEST_CASE("every point of the curve is a fixed point; those between the spinodals repel the iteration") {
  const Problem problem = spiked(2, 0.5, 1e-4);
  const BayesPhase phase = bayes_phase(problem, 0.9, 1.4, {.tolerance = 1e-3, .from = {}});
  REQUIRE(phase.thresholds.size() == 3);
  int unstable = 0;
  for (std::size_t i = 0; i < phase.curve.size(); ++i) {
    const BayesState& s = phase.curve[i];
    if (i % (s.stable ? 16 : 5) != 0) continue;
    const auto near = bayes(problem, s.alpha, Start::informed, {.from = Eigen::Vector2d(s.q_k, s.q_v)});
    if (s.stable) {
      CHECK(std::abs(near.q_k - s.q_k) < 2e-4);
      CHECK(std::abs(near.test_error - s.test_error) < 2e-4);
      CHECK(std::abs(near.free_entropy - s.free_entropy) < 2e-4);
    } else {
      ++unstable;
      const auto up = bayes(problem, s.alpha, Start::informed, rough),
                 down = bayes(problem, s.alpha, Start::uninformed, rough);
      CHECK(down.q_k < s.q_k);
      CHECK(s.q_k < up.q_k);
      CHECK(s.free_entropy < std::max(up.free_entropy, down.free_entropy));
    }
  }
  CHECK(unstable > 0);
}

TEST_CASE("a work limit ends a curve at the same place at any number of threads, and says so") {
  const Problem problem{make_task("max", 2), {{3, 1.0}}, 0.1};
  const auto with = [&](double work, int threads) {
    return bayes_phase(problem, 0.5, 4, {.tolerance = 1e-2, .threads = threads, .work = work, .from = {}});
  };
  const BayesPhase phase = with(2e6, 1), same = with(2e6, 3);
  CHECK(phase.end == CurveEnd::lost);
  CHECK(phase.stopped);
  REQUIRE(!phase.curve.empty());
  REQUIRE(phase.curve.size() == same.curve.size());
  CHECK(phase.curve.back().alpha == same.curve.back().alpha);
  CHECK(with(1, 1).curve.empty());  // not one point
}

TEST_CASE("no thresholds where the curve does not turn; bad input is refused") {
  CHECK(bayes_phase(spiked(2, 2, 0.25), 0.3, 5).thresholds.empty());
  CHECK_THROWS_AS((void)bayes_phase(spiked(2, 2, 0), 0.3, 5), InvalidInput);
  CHECK_THROWS_AS((void)bayes_phase(spiked(2, 0, 0.1), 0.3, 5), InvalidInput);
  CHECK_THROWS_AS((void)bayes_phase(spiked(2, 2, 0.1), 5, 5), InvalidInput);
}
