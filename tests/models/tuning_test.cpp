#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <quenched/erm_gradient.hpp>
#include <quenched/optimal_ridge.hpp>

using namespace quenched;

namespace {
const Problem two_tokens{make_task("spiked", 2), {{2, 1.0}}, 0.1};

double test_error(const Problem& problem, const char* activation, double alpha, double r_k, double r_v) {
  return erm(problem, *make_activation(activation), alpha, r_k, r_v, {.tolerance = 1e-8, .branches = 0})
      .test_error;
}
}  // namespace

TEST_CASE("derivatives of the test error: finite differences of whole solutions") {
  for (const char* name : {"softmax", "linear"}) {
    const double alpha = 4, r_k = 0.8, r_v = 0.6, h = 2e-3;
    const ErmOptions options{.tolerance = 1e-7, .branches = 0};
    const auto activation = make_activation(name);
    const ErmResult r = erm(two_tokens, *activation, alpha, r_k, r_v, options);
    const ErmGradient d = erm_derivatives(two_tokens, *activation, alpha, r_k, r_v, r, options).value;
    const auto slope = [&](const std::function<double(double)>& at) { return (at(h) - at(-h)) / (2 * h); };
    CHECK(d.alpha == doctest::Approx(slope([&](double s) {
                       return test_error(two_tokens, name, alpha + s, r_k, r_v);
                     })).epsilon(1e-4));
    CHECK(d.ridge_k == doctest::Approx(slope([&](double s) {
                         return test_error(two_tokens, name, alpha, r_k + s, r_v);
                       })).epsilon(1e-4));
    CHECK(d.ridge_v == doctest::Approx(slope([&](double s) {
                         return test_error(two_tokens, name, alpha, r_k, r_v + s);
                       })).epsilon(1e-4));
    CHECK(d.noise ==
          doctest::Approx(slope([&](double s) {
            return test_error({two_tokens.task, two_tokens.lengths, 0.1 + s}, name, alpha, r_k, r_v);
          })).epsilon(1e-4));
    CHECK(d.signal ==
          doctest::Approx(slope([&](double s) {
            return test_error({make_task("spiked", 2 + s), two_tokens.lengths, 0.1}, name, alpha, r_k, r_v);
          })).epsilon(1e-4));
  }
}

TEST_CASE(
    "L = 1: the tuned ridge is the noise, in closed form; k has nothing to learn and its ridge is flat") {
  // Ridge regression of a Gaussian truth with unit prior variance: least squares is Bayes at r = Delta.
  const OptimalRidge tuned =
      optimal_ridge({make_task("spiked", 2), {{1, 1.0}}, 0.3}, *make_activation("softmax"), 2);
  CHECK(tuned.best.ridge_v == doctest::Approx(0.3).epsilon(1e-3));
  CHECK(tuned.best.flat_k);
  CHECK(!tuned.best.flat_v);
  CHECK(tuned.others.empty());
}

TEST_CASE("no ridge near the tuned one does better") {
  for (const char* name : {"softmax", "linear"}) {
    const RidgeOptimum best = optimal_ridge(two_tokens, *make_activation(name), 10).best;
    CHECK(best.result.certificate.verdict == Verdict::trusted);
    for (const auto& [a, b] : {std::pair(1.1, 1.0), {1 / 1.1, 1.0}, {1.0, 1.1}, {1.0, 1 / 1.1}})
      CHECK(test_error(two_tokens, name, 10, a * best.ridge_k, b * best.ridge_v) >
            best.result.test_error - 1e-7);
  }
}

TEST_CASE("the trust line: the tuned point is trusted, a little less ridge is not") {
  const auto softmax = make_activation("softmax");
  const RidgeOptimum best = optimal_ridge(two_tokens, *softmax, 1, {.erm = {.tolerance = 1e-3}}).best;
  const RidgeOptimum free =
      optimal_ridge(two_tokens, *softmax, 1, {.erm = {.tolerance = 1e-3}, .trusted_only = false}).best;
  CHECK(best.result.certificate.verdict == Verdict::trusted);
  CHECK(best.result.test_error >= free.result.test_error - 1e-4);
  CHECK(free.result.certificate.verdict == Verdict::jumps);
  REQUIRE(best.on_trust_line);
  const ErmResult less = erm(two_tokens, *softmax, 1, 0.9 * best.ridge_k, best.ridge_v);
  CHECK(less.certificate.verdict != Verdict::trusted);
  CHECK(less.test_error < best.result.test_error);  // only trust is in the way
}
