#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <quenched/bayes.hpp>
#include <quenched/invalid_input.hpp>
#include <random>

using quenched::bayes;
using quenched::BayesOptions;
using quenched::BayesResult;
using quenched::LengthLaw;
using quenched::make_task;
using quenched::Problem;
using quenched::Start;
using quenched::Verdict;

namespace {

Problem spiked(LengthLaw lengths, double nu, double noise) {
  return {make_task("spiked", nu), std::move(lengths), noise};
}

constexpr double third = 1.0 / 3;

}  // namespace

TEST_CASE("Bayes, L = 1: both overlaps in closed form") {
  const double nu = 2, noise = 0.25, alpha = 2;
  const BayesResult r = bayes(spiked({{1, 1}}, nu, noise), alpha, Start::informed, {.tolerance = 1e-9});
  REQUIRE(r.certificate.verdict == Verdict::trusted);
  CHECK(std::abs(r.q_k - nu * alpha / (1 + nu * alpha)) <= r.uncertainty.q_k);
  // qhat_v = alpha/(1 - q + Delta), q = qhat/(1 + qhat): q^2 - (1 + Delta + alpha) q + alpha = 0.
  const double b = 1 + noise + alpha, q_v = (b - std::sqrt(b * b - 4 * alpha)) / 2,
               qhat_v = alpha / (1 - q_v + noise);
  CHECK(std::abs(r.q_v - q_v) <= r.uncertainty.q_v);
  CHECK(std::abs(r.test_error - (1 + noise - q_v)) <= r.uncertainty.test_error);
  // Z_out is Gaussian in the label and sqrt(nu) chi - nu/2 in the field, of mean nu q_k/2.
  const double qhat_k = nu * alpha,
               log_Z = nu * r.q_k / 2 - 0.5 - std::log(2 * std::numbers::pi * (1 - q_v + noise)) / 2;
  const double phi =
      (qhat_k - std::log(1 + qhat_k) - r.q_k * qhat_k + qhat_v - std::log(1 + qhat_v) - q_v * qhat_v) / 2 +
      alpha * log_Z;
  CHECK(std::abs(r.free_entropy - phi) < 1e-8);
}

TEST_CASE("Bayes, spiked: a signal that gives eps away leaves the closed form of one token") {
  const double noise = 0.1, alpha = 1, b = 1 + noise + alpha, q_v = (b - std::sqrt(b * b - 4 * alpha)) / 2;
  for (const double nu : {5e3, 2e4, 1e10, 1e300}) {  // the race is left out from 6000/q_k on
    CAPTURE(nu);
    const BayesResult r =
        bayes(spiked({{2, 0.5}, {1000, 0.5}}, nu, noise), alpha, Start::informed, {.tolerance = 1e-8});
    CHECK(r.certificate.verdict == Verdict::trusted);
    CHECK(std::abs(r.q_v - q_v) <= r.uncertainty.q_v);
    CHECK(std::abs(r.test_error - (1 + noise - q_v)) <= r.uncertainty.test_error);
  }
}

TEST_CASE("Bayes, spiked: values of independent computations, to eight digits") {
  struct Case {
    LengthLaw lengths;
    double nu, noise, alpha;
    Start start;
    double q_k, q_v, test_error, free_entropy;
  };
  for (const Case& c :
       {Case{{{2, 1}}, 2, 0.01, 1, Start::uninformed, .6226542, .7367871, .4911481, -1.038282},
        Case{{{2, 1}}, 2, 0.01, 4, Start::informed, .8853292, .9964130, .2565897, .9609912},
        Case{{{16, 1}}, 4, 0.1, 3, Start::informed, .8676004, .8414489, .7596969, -3.399739},
        Case{{{1, third}, {2, third}, {3, third}},
             2,
             0.1,
             1,
             Start::informed,
             .6194081,
             .6161490,
             .6363810,
             -1.070092}}) {
    const BayesResult r = bayes(spiked(c.lengths, c.nu, c.noise), c.alpha, c.start, {.tolerance = 1e-8});
    CHECK(r.certificate.verdict == Verdict::trusted);
    CHECK(r.certificate.integration_error <= 1e-8);
    CHECK(std::abs(r.q_k - c.q_k) < 1e-7);
    CHECK(std::abs(r.q_v - c.q_v) < 1e-7);
    CHECK(std::abs(r.test_error - c.test_error) < 1e-7);
    CHECK(std::abs(r.free_entropy - c.free_entropy) < 1e-6);
  }
}

TEST_CASE("Bayes: a stated error holds against a finer computation") {
  const Problem problem = spiked({{5, 1}}, 1.5, 0.05);
  const BayesResult fine = bayes(problem, 2, Start::informed, {.tolerance = 1e-10});
  for (double tolerance : {1e-4, 1e-6, 1e-8}) {
    const BayesResult r = bayes(problem, 2, Start::informed, {.tolerance = tolerance});
    CHECK(r.certificate.integration_error <= tolerance);
    CHECK(std::abs(r.q_k - fine.q_k) <= r.uncertainty.q_k);
    CHECK(std::abs(r.q_v - fine.q_v) <= r.uncertainty.q_v);
    CHECK(std::abs(r.test_error - fine.test_error) <= r.uncertainty.test_error);
    CHECK(std::abs(r.free_entropy - fine.free_entropy) <= r.uncertainty.free_entropy);
  }
}

TEST_CASE("Bayes, spiked: steps that are foretold end where finer ones do, near a fold too") {
  const Problem problem{make_task("spiked", 1), {{6, 1}}, 1e-4};
  for (const double alpha : {1.2, 1.6, 1.7, 1.72}) {
    const auto at = [&](double tolerance) {
      return bayes(problem, alpha, Start::uninformed, {.tolerance = tolerance});
    };
    const BayesResult exact = at(1e-11);
    for (const double tolerance : {1e-4, 1e-7, 1e-9}) {
      const BayesResult r = at(tolerance);
      CAPTURE(alpha);
      CAPTURE(tolerance);
      CHECK(r.certificate.integration_error <= tolerance);
      CHECK(std::abs(r.q_k - exact.q_k) <= r.uncertainty.q_k + exact.uncertainty.q_k);
      CHECK(std::abs(r.q_v - exact.q_v) <= r.uncertainty.q_v + exact.uncertainty.q_v);
      CHECK(std::abs(r.test_error - exact.test_error) <=
            r.uncertainty.test_error + exact.uncertainty.test_error);
    }
  }
}

TEST_CASE("Bayes, max: at a loose tolerance what replicates share stays below the stated errors") {
  const Problem problem{make_task("max", 1), {{2, 1}}, 1e-3};
  const BayesResult exact = bayes(problem, 4, Start::informed, {.tolerance = 1e-5});
  int held = 0, total = 0;
  for (const double tolerance : {0.1, 0.01})
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const BayesResult r = bayes(problem, 4, Start::informed, {.tolerance = tolerance, .seed = seed});
      held += std::abs(r.q_k - exact.q_k) <= r.uncertainty.q_k + exact.uncertainty.q_k;
      held += std::abs(r.free_entropy - exact.free_entropy) <=
              r.uncertainty.free_entropy + exact.uncertainty.free_entropy;
      total += 2;
    }
  CHECK(held >= 0.85 * total);  // of 95 percent
}

TEST_CASE("Bayes, max, Delta = 0: v* is found exactly and k* to the tolerance, whatever the points") {
  const Problem problem{make_task("max", INFINITY), {{3, 1}}, 0};
  for (const double alpha : {1.2, 1.4, 2.0})
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      const BayesResult r = bayes(problem, alpha, Start::informed, {.tolerance = 1e-4, .seed = seed});
      CAPTURE(alpha);
      CAPTURE(seed);
      CHECK(r.q_v == 1);
      CHECK(r.certificate.integration_error <= 1e-4);
    }
}

TEST_CASE("Bayes, hard phase: two fixed points, the uninformed one metastable") {
  const Problem problem = spiked({{6, 1}}, 2, 1e-4);
  const BayesResult low = bayes(problem, 1.4, Start::uninformed, {.tolerance = 1e-7});
  const BayesResult high = bayes(problem, 1.4, Start::informed, {.tolerance = 1e-7});
  CHECK(std::abs(low.q_k - .5434526) < 1e-6);
  CHECK(std::abs(low.free_entropy + 1.846519) < 1e-5);
  CHECK(std::abs(high.q_v - .9996943) < 1e-6);
  CHECK(std::abs(high.free_entropy + 1.767378) < 1e-5);
  CHECK(low.certificate.verdict == Verdict::metastable);
  CHECK(high.certificate.verdict == Verdict::trusted);
  REQUIRE(low.branches.size() == 2);  // random starts between them find no third
  CHECK(low.branches[0].start == "informed");
  CHECK(low.branch == 1);
  CHECK(std::abs(low.branches[0].q_v - high.q_v) < 1e-5);
  CHECK(bayes(problem, 3, Start::uninformed).branches.size() == 1);
  // Started at a neighbour, it stays on its branch.
  const BayesResult followed =
      bayes(problem, 1.4, Start::uninformed, {.tolerance = 1e-7, .from = Eigen::Vector2d(0.55, 0.53)});
  CHECK(std::abs(followed.q_k - low.q_k) < 1e-7);
}

TEST_CASE("Bayes: where the upper branch has just vanished, both starts reach the one fixed point") {
  for (double alpha : {0.9, 1.0, 1.05}) {
    const Problem problem = spiked({{2, 1}}, 2, 0.01);
    const BayesResult low = bayes(problem, alpha, Start::uninformed, {.tolerance = 1e-7});
    const BayesResult high = bayes(problem, alpha, Start::informed, {.tolerance = 1e-7});
    CHECK(low.certificate.verdict == Verdict::trusted);
    CHECK(high.certificate.verdict == Verdict::trusted);
    CHECK(std::abs(low.q_v - high.q_v) <= low.uncertainty.q_v + high.uncertainty.q_v);
  }
}

TEST_CASE("Bayes: d phi/d alpha = E log Z_out, the free entropy being stationary in q") {
  // E log Z_out = (phi - sum (qhat - log(1 + qhat) - q qhat)/2)/alpha, with qhat = q/(1 - q) at the fixed
  // point.
  for (const Problem& problem : {spiked({{3, 1}}, 2, 0.25), spiked({{1, 0.3}, {4, 0.7}}, 5, 0.05)}) {
    const double alpha = 2, h = 1e-3;
    const auto phi = [&](double a) {
      return bayes(problem, a, Start::informed, {.tolerance = 1e-9}).free_entropy;
    };
    const BayesResult r = bayes(problem, alpha, Start::informed, {.tolerance = 1e-9});
    double prior = 0;
    for (double q : {r.q_k, r.q_v}) prior += (q / (1 - q) + std::log(1 - q) - q * q / (1 - q)) / 2;
    CHECK(std::abs((phi(alpha + h) - phi(alpha - h)) / (2 * h) - (r.free_entropy - prior) / alpha) < 1e-5);
  }
}

TEST_CASE("Bayes: sampled with E|p|^2 and one-dimensional with E p_eps agree (Nishimori)") {
  for (const Problem& problem : {spiked({{2, 1}}, 1, 0.1), spiked({{1, 0.5}, {3, 0.5}}, 2, 0.3)}) {
    const BayesResult exact = bayes(problem, 1.5, Start::informed, {.tolerance = 1e-8});
    const BayesResult sampled = bayes(problem, 1.5, Start::informed, {.tolerance = 1e-3, .sampled = true});
    CHECK(sampled.certificate.verdict == Verdict::trusted);
    CHECK(std::abs(sampled.q_k - exact.q_k) < 2 * sampled.uncertainty.q_k);
    CHECK(std::abs(sampled.q_v - exact.q_v) < 2 * sampled.uncertainty.q_v);
    CHECK(std::abs(sampled.test_error - exact.test_error) < 2 * sampled.uncertainty.test_error);
    CHECK(std::abs(sampled.free_entropy - exact.free_entropy) < 2 * sampled.uncertainty.free_entropy);
  }
}

TEST_CASE("Bayes: m = q (Nishimori): the teacher's form of the update returns qhat, by plain sampling") {
  const double nu = 2, noise = 0.2, alpha = 3;
  const int L = 3, samples = 400000;
  const BayesResult r = bayes(spiked({{L, 1}}, nu, noise), alpha, Start::informed, {.tolerance = 1e-8});
  std::mt19937_64 rng(11);
  std::normal_distribution<double> normal;
  const double root_k = std::sqrt(r.q_k * (1 - r.q_k)), root_v = std::sqrt(r.q_v * (1 - r.q_v)),
               s = 1 - r.q_v + noise;
  double mhat_k = 0, mhat_v = 0;
  for (int i = 0; i < samples; ++i) {
    double chi[L], z[L], omega[L], w[L], p[L], total = 0;
    for (int l = 0; l < L; ++l) {
      chi[l] = normal(rng) + (l == 0 ? std::sqrt(nu) : 0), z[l] = normal(rng);
      omega[l] = r.q_k * chi[l] + root_k * normal(rng), w[l] = r.q_v * z[l] + root_v * normal(rng);
    }
    const double y = z[0] + std::sqrt(noise) * normal(rng);
    for (int l = 0; l < L; ++l)
      total += p[l] = std::exp(std::sqrt(nu) * omega[l] - (y - w[l]) * (y - w[l]) / (2 * s));
    for (int l = 0; l < L; ++l) {
      p[l] /= total;
      mhat_k += std::sqrt(nu) * p[l] * (chi[l] - omega[l]) / (1 - r.q_k) / samples;
      mhat_v += p[l] * (y - w[l]) / s * (z[l] - w[l]) / (1 - r.q_v) / samples;
    }
  }
  // Some 5 standard errors: both summands are of order 2 with a standard deviation of order 3.
  CHECK(mhat_k == doctest::Approx(r.q_k / (1 - r.q_k) / alpha).epsilon(0.02));
  CHECK(mhat_v == doctest::Approx(r.q_v / (1 - r.q_v) / alpha).epsilon(0.02));
}

TEST_CASE("Bayes, max: the value of an independent computation; limits of the signal") {
  const Problem argmax{make_task("max", INFINITY), {{3, 1}}, 0.01};
  const BayesResult r = bayes(argmax, 2, Start::informed, {.tolerance = 2e-4});
  CHECK(r.certificate.verdict == Verdict::trusted);
  CHECK(std::abs(r.q_k - .79023) < 2 * r.uncertainty.q_k + 1e-5);
  CHECK(std::abs(r.q_v - .98784) < 2 * r.uncertainty.q_v + 1e-5);
  CHECK(std::abs(r.test_error - .32010) < 2 * r.uncertainty.test_error + 1e-5);
  // nu = 0: eps is uniform and k* unknowable, for both tasks alike.
  const BayesResult blind =
      bayes({make_task("max", 0), {{2, 1}}, 0.1}, 3, Start::informed, {.tolerance = 1e-3});
  const BayesResult same = bayes(spiked({{2, 1}}, 0, 0.1), 3, Start::informed, {.tolerance = 1e-8});
  CHECK(std::abs(blind.q_k) < 1e-9);
  CHECK(same.q_k == 0);
  CHECK(std::abs(blind.q_v - same.q_v) < 2 * blind.uncertainty.q_v);
}

TEST_CASE("Bayes: the same bytes for one, two and three threads") {
  for (const Problem& problem :
       {spiked({{1, 0.5}, {3, 0.5}}, 2, 0.3), Problem{make_task("max", 2), {{3, 1}}, 0.1}}) {
    const auto at = [&](int threads) {
      return bayes(problem, 1.5, Start::informed, {.tolerance = 1e-2, .threads = threads});
    };
    const BayesResult one = at(1);
    for (int threads : {2, 3}) {
      const BayesResult many = at(threads);
      CHECK(many.q_k == one.q_k);
      CHECK(many.test_error == one.test_error);
      CHECK(many.free_entropy == one.free_entropy);
      CHECK(many.uncertainty.q_v == one.uncertainty.q_v);
    }
  }
}

TEST_CASE("Bayes: Delta = 0 is perfect recovery of v*; wrong arguments are named") {
  // Then the label names its token and only k* is left to learn: q_k = nu alpha/(1 + nu alpha).
  for (Start start : {Start::informed, Start::uninformed}) {
    const BayesResult r = bayes(spiked({{2, 1}}, 2, 0), 3, start, {.tolerance = 1e-7});
    CHECK(r.certificate.verdict == Verdict::trusted);
    CHECK(r.q_v == 1);
    CHECK(std::abs(r.q_k - 6.0 / 7) <= r.uncertainty.q_k);
    CHECK(std::isnan(r.free_entropy));
  }
  CHECK_THROWS_AS((void)bayes(spiked({{2, 1}}, 2, 0), 0, Start::informed), quenched::InvalidInput);
  CHECK_THROWS_AS((void)bayes(spiked({{2, 1}}, 2, 0), NAN, Start::informed), quenched::InvalidInput);
  CHECK_THROWS_AS((void)bayes(spiked({{2, 1}}, 2, 0), 1, Start::informed, {.tolerance = 0}),
                  quenched::InvalidInput);
}
