#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/landscape.hpp>

#include "sampled_tokens.hpp"

using namespace quenched;

namespace {

const LengthLaw two = {{2, 1}}, one_to_three = {{1, 1.0 / 3}, {2, 1.0 / 3}, {3, 1.0 / 3}};
const Overlaps generic = {
    .m_k = 0.8, .q_k = 1.5, .m_v = 0.7, .q_v = 1.1, .m_kv = 0.4, .m_vk = -0.3, .q_kv = 0.25};

/// Those of overlaps on the manifold after steps of k and v into all four directions.
Overlaps moved(const Overlaps& o, double step, Rng& rng) {
  std::normal_distribution<double> normal;
  const auto random = [&] { return Eigen::Vector4d::NullaryExpr([&] { return step * normal(rng); }).eval(); };
  const Eigen::Vector4d k = Eigen::Vector4d(o.m_k, 0, std::sqrt(o.q_k - o.m_k * o.m_k), 0) + random();
  const Eigen::Vector4d v = Eigen::Vector4d(0, o.m_v, 0, std::sqrt(o.q_v - o.m_v * o.m_v)) + random();
  return {k[0], k.squaredNorm(), v[1], v.squaredNorm(), k[1], v[0], k.dot(v)};
}
Overlaps random_overlaps(Rng& rng) { return moved({}, 1, rng); }

}  // namespace

TEST_CASE("risk at seven overlaps: plain samples of the tokens' fields") {
  Rng rng(1);
  const auto agrees = [&](const char* activation, const Problem& problem, const Overlaps& o) {
    CAPTURE(activation);
    CAPTURE(problem.task->name());
    const auto sigma = make_activation(activation);
    constexpr int samples = 40'000;
    double mean = 0, variance = 0;
    for (const auto& [L, weight] : problem.lengths) {
      const SampledTokens t = sampled_tokens(problem, L, o, samples, rng);
      Batch s;
      sigma->value(t.chi, s);
      const Eigen::ArrayXd square = (t.y - (s * t.z).rowwise().sum()).square();
      mean += weight * square.mean();
      variance += weight * weight * (square - square.mean()).square().mean() / samples;
    }
    const Excess risk = population_risk(problem, *sigma, o, {.tolerance = 2e-3});
    CHECK(std::abs(risk.value - mean) <= 4 * std::sqrt(variance) + risk.error);
    CHECK(risk.error <= 5e-3);
    CHECK(std::sqrt(variance) < 0.08);
  };
  const Problem spiked{make_task("spiked", 2), one_to_three, 0.1},
      max{make_task("max", 3), one_to_three, 0.1}, argmax{make_task("max", INFINITY), two, 0};
  for (const char* activation : {"softmax", "linear", "relu", "erf:-0.5", "taylor-2", "hardmax"}) {
    agrees(activation, spiked, generic);
    agrees(activation, max, generic);
  }
  agrees("softmax", argmax, generic);
  agrees("sparsemax", argmax, generic);
  for (int i = 0; i < 3; ++i) agrees("softmax", spiked, random_overlaps(rng));
  agrees("softmax", spiked,
         {.m_k = 1, .q_k = 1, .m_v = 0, .q_v = 0.25, .m_vk = 0.5, .q_kv = 0.5});  // k = k*, v = k*/2
}

TEST_CASE("risk at seven overlaps: the manifold's formula is its limit") {
  const Problem problem{make_task("max", 3), one_to_three, 0.1};
  for (const char* activation : {"softmax", "relu"}) {
    Overlaps o{.m_k = 0.8, .q_k = 1.5, .m_v = 0.7, .q_v = 1.1};
    const PopulationOptions options{.tolerance = 2e-4};
    const auto sigma = make_activation(activation);
    const Excess on = population_risk(problem, *sigma, o, options);
    CHECK(on.value == population_risk(problem, *sigma, 0.8, 1.5, 0.7, 1.1, options).value);
    o.q_kv = 1e-9;
    const Excess near = population_risk(problem, *sigma, o, options);
    CHECK(std::abs(near.value - on.value) <= on.error + near.error);
    CHECK(near.value != on.value);  // by other points
  }
}

TEST_CASE("impossible overlaps are refused with the inequality that they violate") {
  const auto refused = [](const Overlaps& o, const char* key, const std::string& rule) {
    CAPTURE(rule);
    try {
      check(o);
      FAIL("not refused");
    } catch (const InvalidInput& e) {
      CHECK(e.key() == key);
      CHECK(e.rule().find(rule) != std::string::npos);
    }
  };
  refused({.m_k = 1, .q_k = 0.9}, "q_k", "m_k^2 = 1");
  refused({.q_k = 0.3, .m_kv = 0.6}, "q_k", "m_kv^2 = 0.36");
  refused({.m_k = 0.6, .q_k = 0.5, .m_kv = 0.6}, "q_k", "m_k^2 + m_kv^2 = 0.72");
  refused({.m_v = -1, .q_v = 0.9}, "q_v", "m_v^2 = 1");
  refused({.m_v = 0.6, .q_v = 0.5, .m_vk = 0.6}, "q_v", "m_v^2 + m_vk^2 = 0.72");
  refused({.q_k = 1, .q_v = 1, .q_kv = -1.1}, "q_kv", "q_kv^2 <= q_k q_v");
  refused({.m_k = 1, .q_k = 1, .m_v = 1, .q_v = 1, .q_kv = 0.5}, "q_kv", "(q_kv - m_k m_vk - m_kv m_v)^2");
  refused({.q_k = INFINITY}, "q_k", "finite");
  check({.m_k = 0.3, .q_k = 0.3 * 0.3 + 0.1 * 0.1, .m_kv = 0.1});  // k in the span, to rounding
  check(generic);
}

TEST_CASE("landscape: softmax, linear and erf stay on the manifold, at the restricted minimum") {
  struct Case {
    const char* activation;
    Problem problem;
  };
  for (const Case& c : {Case{"softmax", {make_task("spiked", 2), two, 0.1}},
                        {"linear", {make_task("spiked", 2), {{3, 1}}, 0}},
                        {"softmax", {make_task("max", 2), two, 0}},
                        {"erf:-1", {make_task("spiked", 5), two, 0}}}) {
    CAPTURE(c.activation);
    const auto sigma = make_activation(c.activation);
    const Problem& problem = c.problem;
    const Landscape l = landscape(problem, *sigma, {.tolerance = 1e-3, .starts = 6});
    CHECK(l.certificate.verdict == Verdict::trusted);
    CHECK_FALSE(l.leaves);
    CHECK(std::abs(l.gain) <= 1e-3 + l.uncertainty.gain);
    const PopulationResult restricted = population(problem, *sigma);
    CHECK(std::abs(l.test_error - restricted.test_error) <=
          2 * l.uncertainty.test_error + restricted.uncertainty.test_error + 1e-6);
    CHECK(l.uncertainty.test_error < 2e-3);
    CHECK(l.overlaps.on_manifold());
    CHECK(l.test_error >= l.bayes_risk - 2 * l.uncertainty.test_error);
    Rng rng(3);
    for (int i = 0; i < 8; ++i) {  // no overlaps do better, nor any near by
      for (const Overlaps& o : {random_overlaps(rng), moved(l.overlaps, 0.1, rng)}) {
        const Excess risk = population_risk(problem, *sigma, o, {.tolerance = 5e-3});
        CHECK(risk.value + 2 * risk.error > l.test_error - 2 * l.uncertainty.test_error);
      }
    }
  }
}

TEST_CASE("landscape: ReLU leaves the manifold at weak signals, closed form at L = 1") {
  // nu = 0, L = 1: f = relu(chi) z. On the manifold 1 - (E relu)^2/E relu^2 = 1 - 1/pi; with k = v = v*
  // 1 - (E relu(x) x^2)^2/E relu(x)^2 x^2 = 1 - (2/sqrt(2 pi))^2/(3/2).
  const Problem problem{make_task("spiked", 0), {{1, 1}}, 0};
  const auto relu = make_activation("relu");
  const Landscape l = landscape(problem, *relu, {.tolerance = 1e-3, .starts = 4});
  CHECK(l.leaves);
  CHECK(l.certificate.verdict == Verdict::broken_symmetry);
  CHECK(std::abs(l.test_error - (1 - 4 / (3 * M_PI))) <= 2 * l.uncertainty.test_error);
  CHECK(std::abs(l.gain - 1 / (3 * M_PI)) <= 2 * l.uncertainty.gain);
  CHECK(l.uncertainty.gain < 2e-3);
  // The overlaps found do have that risk, by the other formula.
  const Excess there = population_risk(problem, *relu, l.overlaps, {.tolerance = 1e-3});
  CHECK(std::abs(there.value - l.test_error) <= there.error + l.uncertainty.test_error);
}

TEST_CASE(
    "landscape: a least value that is only approached, max at nu = infinity: its error covers the limit") {
  const Landscape l = landscape({make_task("max", INFINITY), two, 0}, *make_activation("softmax"),
                                {.tolerance = 1e-3, .starts = 2});
  CHECK(l.infimum);
  CHECK_FALSE(l.leaves);
  CHECK(l.test_error <= l.uncertainty.test_error);
  CHECK(l.uncertainty.test_error < 2e-2);
}

TEST_CASE("landscape: the same bytes for one and three threads") {
  const Problem problem{make_task("max", 2), two, 0.1};
  const auto at = [&](int threads) {
    return landscape(problem, *make_activation("relu"), {.tolerance = 1e-2, .starts = 3, .threads = threads});
  };
  const Landscape one = at(1), three = at(3);
  CHECK(one.test_error == three.test_error);
  CHECK(one.gain == three.gain);
  CHECK(one.uncertainty.gain == three.uncertainty.gain);
}
