#include <doctest/doctest.h>

#include <quenched/erm.hpp>
#include <quenched/glm.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/population.hpp>

#include "erm_equations.hpp"

using namespace quenched;

namespace {
ErmResult solve(const char* task, double signal, LengthLaw lengths, double noise, double alpha, double ridge,
                const char* activation, double tolerance) {
  return erm({make_task(task, signal), std::move(lengths), noise}, *make_activation(activation), alpha, ridge,
             ridge, {.tolerance = tolerance});
}
}  // namespace

TEST_CASE("L = 1 is ridge regression: closed form, every ridge stable") {
  const double Delta = 0.1, alpha = 2;
  for (const double r : {0.01, 0.5, 3.0}) {
    // V = 1/(r + alpha/(1 + V)), m = alpha V/(1 + V), and q from q = m^2 + alpha V^2 (1 + Delta - 2 m + q)/(1
    // + V)^2.
    const double b = r + alpha - 1, V = (-b + std::sqrt(b * b + 4 * r)) / (2 * r), m = alpha * V / (1 + V);
    const double share = alpha * V * V / ((1 + V) * (1 + V)),
                 q = (m * m + share * (1 + Delta - 2 * m)) / (1 - share);
    const ErmResult result = solve("spiked", 2, {{1, 1.0}}, Delta, alpha, r, "softmax", 1e-9);
    CHECK(result.overlaps.V_v == doctest::Approx(V).epsilon(1e-8));
    CHECK(result.overlaps.m_v == doctest::Approx(m).epsilon(1e-8));
    CHECK(result.overlaps.q_v == doctest::Approx(q).epsilon(1e-8));
    CHECK(result.overlaps.V_k == doctest::Approx(1 / r).epsilon(1e-8));
    CHECK(result.test_error == doctest::Approx(1 + Delta - 2 * m + q).epsilon(1e-8));
    CHECK(result.certificate.stability_eigenvalue == doctest::Approx(share).epsilon(1e-6));
    CHECK(result.certificate.verdict == Verdict::trusted);
  }
}

TEST_CASE(
    "an even kernel under a large ridge loses k: ridge regression on the mean of two tokens, by the other "
    "engine") {
  // f = z_1/2 + z_2/2: with v/sqrt(2) for v a linear model of strength 1/2, noise 1/2 + Delta and twice the
  // ridge.
  const double Delta = 0.1, alpha = 4, r = 5;
  const ErmResult found = erm({make_task("spiked", 2), {{2, 1.0}}, Delta}, *make_activation("kernel:x^2+1"),
                              alpha, r, r, {.tolerance = 3e-2, .branches = 0});
  const GlmResult expected =
      glm(*make_teacher("linear", 0.5, 0.5 + Delta), *make_loss("square"), alpha, 2 * r);
  CHECK(found.certificate.verdict == Verdict::trusted);
  CHECK(std::abs(found.overlaps.q_k) < 1e-4);
  CHECK(std::abs(found.test_error - expected.test_error) <= found.uncertainty.test_error + 1e-6);
  CHECK(std::abs(found.overlaps.m_v - 2 * expected.m) <= found.uncertainty.overlaps.m_v + 1e-6);
  CHECK(std::abs(found.train_error - expected.train_error) <= found.uncertainty.train_error + 1e-6);
}

TEST_CASE("a fixed point left early: what the residual adds to the stated errors covers it") {
  for (const char* activation : {"softmax", "linear"})
    for (const double tolerance : {1e-2, 3e-3, 1e-3}) {
      const int L = activation == std::string("softmax") ? 1 : 3;
      const auto at = [&](double tol) {
        return solve("spiked", 1.5, {{L, 1.0}}, 0.1, 2.4, 0.75, activation, tol);
      };
      const ErmResult early = at(tolerance), late = at(1e-9);
      CHECK(std::abs(early.test_error - late.test_error) <= early.uncertainty.test_error);
      CHECK(std::abs(early.train_error - late.train_error) <= early.uncertainty.train_error);
      CHECK(std::abs(early.energy - late.energy) <= early.uncertainty.energy);
      CHECK(std::abs(early.overlaps.q_v - late.overlaps.q_v) <= early.uncertainty.overlaps.q_v);
    }
}

TEST_CASE("a last step that is foretold ends where the finest resolution has its fixed point") {
  struct Case {
    const char* task;
    double signal;
    int L;
    double noise, alpha, ridge, tolerance;
  };
  int foretold = 0;
  for (const Case& c : {Case{"max", INFINITY, 3, 0, 6, 0.3, 1e-4}, Case{"spiked", 2, 3, 0.1, 4, 0.5, 2e-5},
                        Case{"spiked", 5, 8, 0.1, 4, 1, 1e-3}}) {
    INFO(c.task, " ", c.L);
    const Problem problem{make_task(c.task, c.signal), {{c.L, 1.0}}, c.noise};
    const auto softmax = make_activation("softmax");
    const ErmOptions options{.tolerance = c.tolerance, .branches = 0, .responses = false, .symmetry = false};
    const ErmResult r = erm(problem, *softmax, c.alpha, c.ridge, c.ridge, options);
    const ErmEquations finest(problem, *softmax, c.alpha, c.ridge, c.ridge, {r.level, options.seed, 2, {}});
    const Eigen::VectorXd x = ErmEquations::vector(r.overlaps), there = finest.update(x);
    const double residual = ((there.head(6) - x).array() / (1 + x.array().abs())).abs().maxCoeff();
    CHECK(residual < 0.1 * c.tolerance);
    // Evaluated, it would be the same number.
    foretold += std::abs(residual / r.certificate.residual - 1) > 1e-6;
    CHECK(std::abs(there[ErmEquations::test_error] - r.test_error) < 0.1 * c.tolerance);
    CHECK(std::abs(there[ErmEquations::train_error] - r.train_error) < 0.1 * c.tolerance);
  }
  CHECK(foretold >= 2);
}

TEST_CASE("linear attention over a hundred tokens: the value of an independent program") {
  const ErmResult hundred = solve("spiked", 50, {{100, 1.0}}, 0.1, 4, 5, "linear", 1e-3);
  CHECK(hundred.certificate.converged);
  CHECK(std::abs(hundred.test_error - 1.7016812) <= hundred.uncertainty.test_error + 1e-6);  // bench/baseline
}

TEST_CASE("values of theory.md section 8, within their errors and ours") {
  const auto near = [](double value, double error, double expected, double its_error) {
    CHECK(std::abs(value - expected) <= error + its_error);
    CHECK(error <= 1e-4 * std::max(1.0, std::abs(value)));
  };
  SUBCASE("spiked L = 2, r = .5") {
    const ErmResult r = solve("spiked", 2, {{2, 1.0}}, 0, 4, 0.5, "softmax", 1e-6);
    near(r.test_error, r.uncertainty.test_error, 0.377156, 1e-6);
    near(r.train_error, r.uncertainty.train_error, 0.144672, 1e-6);
    near(r.overlaps.m_k, r.uncertainty.overlaps.m_k, 0.495326, 1e-6);
    near(r.overlaps.V_k, r.uncertainty.overlaps.V_k, 1.118867, 1e-6);
    near(r.overlaps.q_v, r.uncertainty.overlaps.q_v, 0.892607, 1e-6);
    CHECK(r.certificate.stability_eigenvalue == doctest::Approx(0.2313).epsilon(1e-3));
    CHECK(r.certificate.verdict == Verdict::trusted);
  }
  SUBCASE("spiked L = 3") {
    const ErmResult r = solve("spiked", 2, {{3, 1.0}}, 0.1, 4, 0.5, "softmax", 1e-4);
    near(r.test_error, r.uncertainty.test_error, 0.679173, 5e-6);
    near(r.overlaps.q_k, r.uncertainty.overlaps.q_k, 0.637364, 5e-5);
    near(r.energy, r.uncertainty.energy, 0.975343, 1.4e-5);
  }
  SUBCASE("L ~ U{1,2,3}") {
    const ErmResult r =
        solve("spiked", 2, {{1, 1 / 3.0}, {2, 1 / 3.0}, {3, 1 / 3.0}}, 0.1, 4, 0.5, "softmax", 1e-4);
    near(r.test_error, r.uncertainty.test_error, 0.45046, 2e-5);
    near(r.overlaps.m_k, r.uncertainty.overlaps.m_k, 0.43922, 2e-5);
  }
  SUBCASE("max L = 3, nu = inf") {
    const ErmResult r = solve("max", INFINITY, {{3, 1.0}}, 0, 6, 0.3, "softmax", 3e-3);
    CHECK(std::abs(r.test_error - 0.327005) <= r.uncertainty.test_error + 1e-5);
    CHECK(std::abs(r.overlaps.q_k - 1.56605) <= r.uncertainty.overlaps.q_k + 1e-4);
    CHECK(r.certificate.integration_error <= 5e-3);
  }
  SUBCASE("softmax-1, spiked L = 2") {
    const ErmResult r = solve("spiked", 2, {{2, 1.0}}, 0.1, 4, 0.5, "softmax-1",
                              1e-4);  // the expected values have an error of up to 1e-5
    near(r.test_error, r.uncertainty.test_error, 0.507373, 3e-6);
    near(r.train_error, r.uncertainty.train_error, 0.230258, 4e-6);
    near(r.overlaps.m_k, r.uncertainty.overlaps.m_k, 0.587115, 4e-6);
    near(r.overlaps.q_k, r.uncertainty.overlaps.q_k, 0.594469, 1e-5);
    near(r.overlaps.m_v, r.uncertainty.overlaps.m_v, 1.023382, 2e-6);
    near(r.overlaps.q_v, r.uncertainty.overlaps.q_v, 1.181334, 1e-5);
    CHECK(std::abs(r.certificate.stability_eigenvalue - 0.2300) <= r.certificate.stability_error + 1e-4);
  }
  SUBCASE("softplus, spiked L = 2") {
    const ErmResult r = solve("spiked", 2, {{2, 1.0}}, 0.1, 4, 0.5, "softplus", 1e-4);
    near(r.test_error, r.uncertainty.test_error, 0.549805, 3e-6);
    near(r.train_error, r.uncertainty.train_error, 0.256668, 1e-6);
    near(r.overlaps.m_k, r.uncertainty.overlaps.m_k, 0.462601, 4e-6);
    near(r.overlaps.q_k, r.uncertainty.overlaps.q_k, 0.457192, 4e-6);
    near(r.overlaps.m_v, r.uncertainty.overlaps.m_v, 0.905849, 1e-6);
    near(r.overlaps.q_v, r.uncertainty.overlaps.q_v, 0.953848, 3e-6);
    CHECK(r.certificate.stability_eigenvalue == doctest::Approx(0.2177).epsilon(5e-4));
  }
  SUBCASE("linear, spiked L = 2") {
    const ErmResult r = solve("spiked", 2, {{2, 1.0}}, 0.1, 4, 0.5, "linear", 1e-6);
    near(r.test_error, r.uncertainty.test_error, 0.76926, 4e-5);
    near(r.overlaps.q_k, r.uncertainty.overlaps.q_k, 0.384872, 2e-5);
    CHECK(r.certificate.jump_weight == 0);
  }
}

TEST_CASE("maps that swing: both starts of linear attention reach the fixed point of lower energy") {
  const Problem problem{make_task("spiked", 8), {{2, 1.0}}, 0.1};
  const auto linear = make_activation("linear");
  const ErmResult informed = erm(problem, *linear, 4, 0.3, 0.3, {.tolerance = 3e-3}),
                  uninformed =
                      erm(problem, *linear, 4, 0.3, 0.3, {.tolerance = 3e-3, .start = Start::uninformed});
  CHECK(informed.certificate.verdict == Verdict::trusted);
  CHECK(std::abs(informed.test_error - uninformed.test_error) <=
        informed.uncertainty.test_error + uninformed.uncertainty.test_error);
  // L = 1: no attention to learn, whatever the activation calls it
  const Problem single{make_task("spiked", 6), {{1, 1.0}}, 0.1};
  CHECK(erm(single, *make_activation("centred-linear"), 12, 0.1, 0.1).test_error ==
        erm(single, *make_activation("softmax"), 12, 0.1, 0.1).test_error);
  CHECK(erm(single, *linear, 12, 0.1, 0.1, {.tolerance = 3e-3}).certificate.verdict == Verdict::trusted);
}

TEST_CASE("the jump share is the weight times the part of 1/V_k that Vhat_k makes") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0.25};
  const ErmResult r =
      erm(problem, *make_activation("softmax"), 2, 0.2, 0.2, {.tolerance = 1e-3, .branches = 0});
  CHECK(r.certificate.jump_weight > 0.05);
  CHECK(r.certificate.jump_share ==
        doctest::Approx(r.certificate.jump_weight * std::abs(1 - 0.2 * r.overlaps.V_k)).epsilon(1e-3));
}

TEST_CASE("both sides of the stability line") {
  CHECK(solve("spiked", 2, {{2, 1.0}}, 0, 4, 0.5, "softmax", 1e-4).certificate.stable == true);
  const ErmResult unstable = solve("spiked", 1, {{2, 1.0}}, 0, 2, 0.01, "softmax", 1e-3);
  CHECK(unstable.certificate.verdict == Verdict::unstable);
  CHECK(unstable.test_error == doctest::Approx(1.64).epsilon(0.01));
}

TEST_CASE("of two fixed points the one of lower energy, which training finds") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0};
  const auto linear = make_activation("linear");
  const ErmResult r = erm(problem, *linear, 4, 0.1, 0.1, {.tolerance = 1e-5});
  CHECK(r.branches.size() == 2);
  CHECK(r.certificate.verdict == Verdict::trusted);
  // Trained at D = 1000: test .80(2), q_k .819(9); the other branch has 2.3 and 1.53.
  CHECK(std::abs(r.test_error - 0.80) < 4 * 0.02);
  CHECK(std::abs(r.overlaps.q_k - 0.819) < 4 * 0.009);
  const ErmResult stays = erm(problem, *linear, 4, 0.1, 0.1, {.tolerance = 1e-3, .start = Start::uninformed});
  CHECK(stays.energy > r.energy + 0.015);
  CHECK(stays.certificate.verdict == Verdict::unstable);
}

TEST_CASE("little ridge on v: the uninformed start arrives where the informed one does") {
  const Problem problem{make_task("spiked", 0.04), {{2, 1.0}}, 0.1};
  const auto softmax = make_activation("softmax");
  const auto from = [&](Start start) {
    return erm(problem, *softmax, 350, 1, 1.7e-6,
               {.tolerance = 1e-3, .start = start, .branches = 0, .responses = false, .symmetry = false});
  };
  const ErmResult far = from(Start::uninformed), near = from(Start::informed);
  REQUIRE(far.certificate.converged);
  CHECK(std::abs(far.test_error - near.test_error) <=
        far.uncertainty.test_error + near.uncertainty.test_error);
  CHECK(std::abs(far.overlaps.q_k - near.overlaps.q_k) <=
        far.uncertainty.overlaps.q_k + near.uncertainty.overlaps.q_k);
}

TEST_CASE("a work limit ends the search at the same place at any number of threads, and says so") {
  const Problem problem{make_task("spiked", 2), {{24, 1.0}}, 0.1};
  for (const char* name : {"softmax", "relu"}) {
    const auto activation = make_activation(name);
    const auto with = [&](double work, int threads) {
      return erm(problem, *activation, 4, 1, 1, {.tolerance = 1e-2, .threads = threads, .work = work});
    };
    const ErmResult r = with(4e6, 1), same = with(4e6, 3);
    CHECK(r.certificate.verdict == Verdict::not_converged);
    CHECK(r.certificate.advice.find("work limit") != std::string::npos);
    CHECK(r.certificate.iterations == same.certificate.iterations);
    CHECK((r.test_error == same.test_error || (std::isnan(r.test_error) && std::isnan(same.test_error))));
    CHECK(with(1, 1).certificate.verdict == Verdict::not_converged);  // not one evaluation
  }
}

TEST_CASE("many samples and little ridge: the population minimum") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0.1};
  for (const char* name : {"softmax", "linear"}) {
    const auto activation = make_activation(name);
    const double limit = population(problem, *activation).test_error;
    double last = INFINITY;
    for (const double alpha : {200.0, 1000.0}) {
      const double gap = erm(problem, *activation, alpha, 1e-3, 1e-3).test_error - limit;
      CHECK(gap > 0);          // no estimator beats the minimum
      CHECK(gap * alpha < 4);  // and two D parameters cost O(1/alpha)
      CHECK(gap < last);
      last = gap;
    }
  }
}

TEST_CASE("the energy is stationary: d energy/d ridge is q/2") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0};
  const auto softmax = make_activation("softmax");
  const auto energy = [&](double r_k, double r_v) {
    return erm(problem, *softmax, 4, r_k, r_v, {.tolerance = 1e-8}).energy;
  };
  const OrderParameters o = erm(problem, *softmax, 4, 0.5, 0.6, {.tolerance = 1e-8}).overlaps;
  const double h = 1e-3;
  CHECK((energy(0.5 + h, 0.6) - energy(0.5 - h, 0.6)) / (2 * h) == doctest::Approx(o.q_k / 2).epsilon(1e-4));
  CHECK((energy(0.5, 0.6 + h) - energy(0.5, 0.6 - h)) / (2 * h) == doctest::Approx(o.q_v / 2).epsilon(1e-4));
}

TEST_CASE("bad input names the key, the value and the rule") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0};
  const auto softmax = make_activation("softmax");
  const auto key = [&](double alpha, double r_k, double r_v, ErmOptions options) -> std::string {
    try {
      (void)erm(problem, *softmax, alpha, r_k, r_v, options);
    } catch (const InvalidInput& error) {
      return error.key();
    }
    return "accepted";
  };
  CHECK(key(-1, 1, 1, {}) == "alpha");
  CHECK(key(NAN, 1, 1, {}) == "alpha");
  CHECK(key(1, 0, 1, {}) == "ridge_k");
  CHECK(key(1, 1, INFINITY, {}) == "ridge_v");
  CHECK(key(1, 1, 1, {.tolerance = 0}) == "tolerance");
  for (const char* scale_invariant : {"hardmax", "relu-kernel", "kernel:x^2"})
    CHECK_THROWS_WITH_AS((void)erm(problem, *make_activation(scale_invariant), 1, 1, 1),
                         doctest::Contains("length of k"), InvalidInput);
}
