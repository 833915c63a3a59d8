#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/population.hpp>

using quenched::Activation;
using quenched::ActivationInfo;
using quenched::Batch;
using quenched::LengthLaw;
using quenched::make_activation;
using quenched::make_task;
using quenched::PopulationResult;
using quenched::Problem;

namespace {

Problem problem(const char* task, LengthLaw lengths, double nu, double noise = 0) {
  return {make_task(task, nu), std::move(lengths), noise};
}

/// A known activation under another name: it takes the generic route.
class Disguised final : public Activation {
 public:
  explicit Disguised(const char* name) : known_(make_activation(name)), info_{.name = "disguised"} {}
  const ActivationInfo& info() const override { return info_; }
  void value(const Batch& chi, Batch& sigma) const override { known_->value(chi, sigma); }
  void jet(const Batch& chi, quenched::ActivationJet& jet) const override { known_->jet(chi, jet); }
  void curvature(const quenched::ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const override {
    known_->curvature(jet, u, e, beta);
  }

 private:
  std::shared_ptr<const Activation> known_;
  ActivationInfo info_;
};

const LengthLaw uniform_123 = {{1, 1.0 / 3}, {2, 1.0 / 3}, {3, 1.0 / 3}};

}  // namespace

TEST_CASE("Bayes excess risk, L = 2: E of a logistic-normal, also where it is exponentially small") {
  // 1 - E p_eps = E sigmoid(-u), u ~ N(nu, 2 nu) for spiked; for max E[2 p (1 - p)] at u ~ N(0, 2 nu^2).
  for (double nu : {0.0, 0.1, 1.0, 5.0, 20.0, 200.0, 1000.0}) {
    double spiked = 0, max = 0;
    for (double z = -60; z <= 60; z += 1e-3) {
      const double u = nu + std::sqrt(2 * nu) * z;
      // exp(-z^2/2)/(1 + exp(u)) without underflow of either factor
      spiked +=
          u > 0 ? std::exp(-z * z / 2 - u) / (1 + std::exp(-u)) : std::exp(-z * z / 2) / (1 + std::exp(u));
      const double v = std::abs(std::sqrt(2.0) * nu * z);
      max += std::exp(-z * z / 2 - v) * 2 / std::pow(1 + std::exp(-v), 2);
    }
    const double norm = 1e-3 / std::sqrt(2 * M_PI);
    const auto s = bayes_excess_risk(problem("spiked", {{2, 1}}, nu)),
               m = bayes_excess_risk(problem("max", {{2, 1}}, nu));
    CHECK(std::abs(s.value / (spiked * norm) - 1) < 1e-9);
    CHECK(s.error <= 1e-9 * s.value);
    if (nu < 100)
      CHECK(std::abs(m.value / (max * norm) - 1) < 1e-9);  // beyond, the check itself is too coarse
  }
}

TEST_CASE("Bayes excess risk: values of independent computations, limits") {
  CHECK(std::abs(bayes_excess_risk(problem("spiked", {{3, 1}}, 20)).value - .002347511) < 1e-9);
  CHECK(std::abs(bayes_excess_risk(problem("spiked", {{10, 1}}, 50)).value - 3.972241e-6) < 1e-12);
  CHECK(std::abs(bayes_excess_risk(problem("spiked", {{10000, 1}}, 20)).value - .3691044) < 1e-7);
  CHECK(std::abs(bayes_excess_risk(problem("max", {{3, 1}}, 5)).value - .1637439) < 1e-7);
  CHECK(bayes_excess_risk(problem("max", {{3, 1}}, INFINITY)).value == 0);
  CHECK(bayes_excess_risk(problem("spiked", {{1, 1}}, 3)).value == 0);
  for (int L : {2, 5, 100}) {
    CHECK(std::abs(bayes_excess_risk(problem("spiked", {{L, 1}}, 0)).value - (1 - 1.0 / L)) < 1e-11);
    CHECK(std::abs(bayes_excess_risk(problem("max", {{L, 1}}, 0)).value - (1 - 1.0 / L)) < 1e-11);
  }
}

TEST_CASE("population, softmax: Bayes-optimal at the signal's slope, an infimum at nu = infinity") {
  const PopulationResult r =
      population(problem("max", {{2, 1}}, 2, 0.1), *make_activation("softmax"), {.tolerance = 1e-7});
  CHECK(std::abs(r.test_error - 0.1 - .2400121) < 1e-7);
  CHECK(r.test_error == r.bayes_risk);
  CHECK(r.m_k == 2);
  CHECK(r.q_k == 4);
  CHECK(r.m_v == 1);
  const PopulationResult argmax = population(problem("max", {{3, 1}}, INFINITY), *make_activation("softmax"));
  CHECK(argmax.infimum);
  CHECK(std::isnan(argmax.m_k));
  CHECK(argmax.test_error == 0);
  const PopulationResult minimised =
      population(problem("max", {{3, 1}}, INFINITY), Disguised("softmax"), {.tolerance = 1e-4});
  CHECK(minimised.infimum);
  CHECK(std::isnan(minimised.m_k));
  CHECK(minimised.test_error <= minimised.uncertainty.test_error);
}

TEST_CASE("population, the generic minimisation finds softmax's theorem") {
  for (const Problem& p :
       {problem("spiked", {{3, 1}}, 2), problem("spiked", uniform_123, 5), problem("max", {{2, 1}}, 2)}) {
    const PopulationResult r = population(p, Disguised("softmax"), {.tolerance = 1e-7});
    CHECK(r.certificate.verdict == quenched::Verdict::trusted);
    CHECK(std::abs(r.test_error - r.bayes_risk) < 1e-9);
    CHECK(std::abs(r.m_k / p.task->bayes_slope() - 1) < 1e-4);  // m_v = 1 there: E p_eps = E|p|^2
    CHECK(std::abs(r.m_v - 1) < 1e-4);
  }
}

TEST_CASE("population, linear: closed forms, one-dimensional and generic") {
  const auto linear = make_activation("linear");
  for (const LengthLaw& lengths :
       {LengthLaw{{2, 1}}, LengthLaw{{3, 1}}, LengthLaw{{50, 1}}, LengthLaw{{1, 0.25}, {4, 0.75}}}) {
    double L = 0;
    for (const auto& [tokens, weight] : lengths) L += weight * tokens;
    const double nu = 5, expected = 1 / (L / (L - 1) + nu / L);
    const PopulationResult r = population(problem("spiked", lengths, nu), *linear, {.tolerance = 1e-9});
    CHECK(std::abs(r.test_error - expected) < 1e-11);
    CHECK(r.uncertainty.test_error < 1e-9);
    CHECK(std::abs(r.m_k - std::sqrt(nu) * (L - 1) / L) < 1e-5);
  }
  const PopulationResult minimised =
      population(problem("spiked", {{3, 1}}, 5), Disguised("linear"), {.tolerance = 1e-9});
  CHECK(std::abs(minimised.test_error - 6.0 / 19) < 1e-11);
  // max: 1 - (1 + M^2)/E[L], M = E chi*_eps at m_k = M; E max of 2 and 3 normals at nu = infinity.
  const double M2 = 1 / std::sqrt(M_PI), M3 = 1.5 / std::sqrt(M_PI);
  for (const auto& [lengths, M, L] : {std::tuple{LengthLaw{{2, 1}}, M2, 2.0},
                                      {LengthLaw{{3, 1}}, M3, 3.0},
                                      {uniform_123, (M2 + M3) / 3, 2.0}}) {
    const PopulationResult r = population(problem("max", lengths, INFINITY), *linear, {.tolerance = 1e-8});
    CHECK(std::abs(r.test_error - (1 - (1 + M * M) / L)) < 1e-11);
    CHECK(std::abs(r.m_k - M) < 1e-5);
  }
  // Finite nu, L = 2: M = E[(chi_0 - chi_1) sigmoid(nu (chi_0 - chi_1))].
  double M = 0;
  for (double z = -10; z <= 10; z += 1e-3)
    M += 1e-3 * std::exp(-z * z / 2) / std::sqrt(2 * M_PI) * std::sqrt(2.0) * z /
         (1 + std::exp(-3 * std::sqrt(2.0) * z));
  CHECK(std::abs(population(problem("max", {{2, 1}}, 3), *linear, {.tolerance = 1e-8}).test_error -
                 (1 - (1 + M * M) / 2)) < 1e-9);
}

TEST_CASE("population: values of independent minimisations, to their last digit") {
  const auto near = [](const char* activation, const Problem& p, double expected, double digit) {
    CAPTURE(activation);
    PopulationResult r = population(p, *make_activation(activation), {.tolerance = 1e-4});
    CHECK(std::abs(r.test_error - expected) <= digit + r.uncertainty.test_error);
    CHECK(r.certificate.verdict == quenched::Verdict::trusted);
    return r;
  };
  const Problem spiked = problem("spiked", {{3, 1}}, 5), max = problem("max", {{3, 1}}, INFINITY);
  near("relu", spiked, .2826066, 1e-7);
  const PopulationResult tuned = near("erf", spiked, .2617642, 1e-7);
  CHECK(std::abs(population(spiked, *make_activation("erf:" + std::to_string(tuned.parameter))).test_error -
                 tuned.test_error) < 1e-9);
  near("erf:-1.5", spiked, .2624058, 1e-7);
  near("softplus", spiked, .19464, 1e-5);
  CHECK(near("softplus", max, .1115947, 1e-7).infimum);
  near("erf", max, .4000, 1e-4);
  near("erf", problem("max", uniform_123, INFINITY), .3837, 1e-4);
}

TEST_CASE("population, other activations: closed forms and bounds") {
  const auto Phi = [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; };
  for (const double nu : {0.5, 5.0}) {
    const double a = std::sqrt(nu), density = std::exp(-nu / 2) / std::sqrt(2 * M_PI);
    const double mean = a * Phi(a) + density,
                 square = (1 + nu) * Phi(a) + a * density;  // of max(a + N(0, 1), 0)
    for (const int L : {2, 3, 20}) {
      CAPTURE(L);
      const Problem p = problem("spiked", {{L, 1}}, nu);
      const auto risk = [&](const char* name) {
        return population(p, *make_activation(name), {.tolerance = 1e-3});
      };
      CHECK(std::abs(risk("relu").test_error - (1 - mean * mean / (square + (L - 1) / 2.0))) < 1e-6);
      const PopulationResult centred = risk("centred-linear");
      CHECK(std::abs(centred.test_error - (L - 1) / (L + nu)) <= 1e-9 + 2 * centred.uncertainty.test_error);
      // The best function of one field, sigmoid(sqrt(nu) chi - nu/2 - log(L - 1)), bounds all of them.
      double best = 0;
      for (double z = -10; z <= 10; z += 1e-3)
        best += 1e-3 * std::exp(-z * z / 2) / std::sqrt(2 * M_PI) / (1 + (L - 1) * std::exp(-nu / 2 - a * z));
      for (const char* name : {"linear", "relu", "erf", "sigmoid"})
        CHECK(risk(name).test_error > 1 - best - 1e-9);
    }
    // Hardmax is right when the spiked token wins.
    const double wins = Phi(std::sqrt(nu / 2));
    const PopulationResult r = population(problem("spiked", {{2, 1}}, nu), *make_activation("hardmax"));
    CHECK(std::abs(r.test_error - (1 - wins * wins)) <= 2 * r.uncertainty.test_error);
    CHECK(r.uncertainty.test_error < 1e-3);
  }
  CHECK(population(problem("max", {{3, 1}}, INFINITY), *make_activation("hardmax")).test_error < 1e-9);
}

TEST_CASE("population at no signal, and a weak one: the minimum is at m_k = 0, or near") {
  for (const char* name : {"linear", "softplus", "sigmoid", "centred-linear"}) {
    CAPTURE(name);
    const PopulationResult r = population(problem("spiked", {{2, 1}}, 0), *make_activation(name));
    CHECK(std::abs(r.test_error - 0.5) <= 1e-8 + r.uncertainty.test_error);
  }
  const double nu = 1e-4;
  CHECK(std::abs(population(problem("spiked", {{2, 1}}, nu), *make_activation("linear")).test_error -
                 1 / (2 + nu / 2)) < 1e-10);
}

TEST_CASE("population risk at given overlaps: linear in closed form") {
  const double nu = 2, m = 0.7, q = 0.9, m_v = 0.5, q_v = 0.4, noise = 0.1;
  const int L = 4;
  const double hit = 1 + m * std::sqrt(nu), norm = L * (1 + q) + 2 * m * std::sqrt(nu) + m * m * nu;
  const auto risk = population_risk(problem("spiked", {{L, 1}}, nu, noise), *make_activation("linear"), m, q,
                                    m_v, q_v, {.tolerance = 1e-4});
  CHECK(std::abs(risk.value - (1 + noise - 2 * m_v * hit + q_v * norm)) <= 2 * risk.error);
  CHECK(risk.error <= 1e-4);
  CHECK_THROWS_AS(
      (void)population_risk(problem("spiked", {{L, 1}}, nu), *make_activation("linear"), 1, 0.5, 1, 1),
      quenched::InvalidInput);
}

TEST_CASE("population: the same bytes for one, two and three threads") {
  for (const char* name : {"softmax", "softplus", "relu"})
    for (const Problem& p : {problem("spiked", {{3, 1}}, 2), problem("max", {{5, 1}}, 3)}) {
      CAPTURE(name);
      const auto at = [&](int threads) {
        return population(p, *make_activation(name), {.tolerance = 1e-2, .threads = threads});
      };
      const PopulationResult one = at(1);
      for (int threads : {2, 3}) {
        const PopulationResult many = at(threads);
        CHECK(many.test_error == one.test_error);
        CHECK(many.uncertainty.test_error == one.uncertainty.test_error);
        CHECK(many.m_v == one.m_v);
      }
    }
}
