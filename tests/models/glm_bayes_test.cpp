#include <doctest/doctest.h>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <numbers>
#include <quenched/glm.hpp>
#include <string_view>

using namespace quenched;

/// Fisher information of a G + Z, G ~ N(0, 1), Z Laplace of variance Delta: the convolution by quadrature.
static double laplace_information(double a, double Delta) {
  const double b = std::sqrt(Delta / 2);
  using Rule = boost::math::quadrature::gauss_kronrod<double, 31>;
  const auto bell = [&](double x) {
    return std::exp(-x * x / (2 * a * a)) / (a * std::sqrt(2 * std::numbers::pi));
  };
  const auto integrand = [&](double v) {
    const auto convolved = [&](auto&& f) {
      double sum = 0;
      for (double side : {-1.0, 1.0})
        sum += Rule::integrate([&](double n) { return f(v - side * n) * std::exp(-n / b) / (2 * b); },
                               std::max(0.0, side * v - 9 * a), std::max(0.0, side * v + 9 * a), 8, 1e-12);
      return sum;
    };
    const double p = convolved(bell), slope = convolved([&](double x) { return -x / (a * a) * bell(x); });
    return p > 0 ? slope * slope / p : 0.0;
  };
  return 2 * (Rule::integrate(integrand, 0.0, 3 * a, 8, 1e-11) +
              Rule::integrate(integrand, 3 * a, 9 * a + 30 * b, 8, 1e-11));
}

TEST_CASE("Bayes with Gaussian noise is tuned ridge regression, and the bound of Taheri et al.") {
  const double checked[][2] = {{1, 0.358258}, {2, 0.148331}, {4, 0.061325}};
  const auto teacher = make_teacher("linear", 1, 0.2);
  for (const auto& [alpha, error] : checked) {
    const GlmResult bayes = glm_bayes(*teacher, alpha, {.tolerance = 1e-9, .from = {}});
    CHECK(bayes.certificate.verdict == Verdict::trusted);
    CHECK(std::abs(bayes.V - error) < 6e-7);
    const double b = alpha + 0.2 - 1;  // a^2 = 1/(1 + alpha/(a^2 + Delta))
    CHECK(std::abs(bayes.V - (std::sqrt(b * b + 0.8) - b) / 2) < 1e-9);
    const GlmResult ridge = glm(*teacher, *make_loss("square"), alpha, 0.2);
    CHECK(std::abs(bayes.test_error - ridge.test_error) < 1e-9);
  }
}

TEST_CASE("Bayes with Laplace noise is the least error of any convex loss and ridge (arXiv:2006.08917)") {
  const double Delta = 0.4;
  for (double alpha : {0.7, 3.0}) {
    // the least a^2 with alpha (a^2 - u^2) I(a) = (1 - u)^2 over 0 <= u < 1
    const auto a_squared = [&](double u) {
      const auto f = [&](double a2) {
        return alpha * (a2 - u * u) * laplace_information(std::sqrt(a2), Delta) - (1 - u) * (1 - u);
      };
      std::uintmax_t steps = 60;
      const auto close = [](double l, double r) { return std::abs(r - l) < 1e-11; };
      return boost::math::tools::toms748_solve(f, u * u + 1e-9, 3.0, close, steps).first;
    };
    std::uintmax_t steps = 40;
    const auto least = boost::math::tools::brent_find_minima(a_squared, 0.01, 0.99, 26, steps);
    const GlmResult bayes =
        glm_bayes(*make_teacher("linear-laplace", 1, Delta), alpha, {.tolerance = 1e-9, .from = {}});
    CHECK(bayes.certificate.verdict == Verdict::trusted);
    CHECK(std::abs(bayes.V - least.second) < 1e-8);
    CHECK(least.first == doctest::Approx(least.second).epsilon(1e-3));  // a^2 = u at the minimum
  }
}

TEST_CASE("no loss at any ridge does better than Bayes") {
  for (const char* name : {"sign:0.05", "logistic", "probit"})
    for (double alpha : {0.5, 2.0, 6.0}) {
      const auto teacher = make_teacher(name, 3, 0);
      const GlmResult bayes = glm_bayes(*teacher, alpha);
      INFO(name, " ", alpha);
      CHECK(bayes.certificate.verdict == Verdict::trusted);
      for (const char* loss : {"square", "absolute", "logistic", "hinge", "exponential"})
        for (double ridge : {0.1, 1.0, 10.0})
          CHECK(glm(*teacher, *make_loss(loss), alpha, ridge).test_error > bayes.test_error - 1e-9);
      CHECK(bayes.test_error > least_test_error(*teacher));
    }
}

TEST_CASE("the limit lies below every loss at its tuned ridge, within the uncertainties") {
  for (const char* name : {"linear", "linear-laplace", "linear-student-t", "sign:0.05", "logistic", "probit"})
    for (double alpha : {0.8, 3.0}) {
      const bool real = std::string_view(name).starts_with("linear");
      const auto teacher = make_teacher(name, 2, real ? 0.6 : 0);
      const GlmResult limit = glm_bayes(*teacher, alpha);
      for (const std::string& loss_name : loss_names()) {
        const auto loss = make_loss(loss_name);
        if (real && !loss->info().residual) continue;
        INFO(name, " ", loss_name, " ", alpha);
        const GlmResult tuned = glm_optimal_ridge(*teacher, *loss, alpha).result;
        CHECK(tuned.certificate.verdict == Verdict::trusted);
        CHECK(tuned.test_error >=
              limit.test_error - limit.uncertainty.test_error - tuned.uncertainty.test_error);
        CHECK(tuned.test_error < 1.3 * limit.test_error);
      }
    }
}

TEST_CASE("Bayes without noise recovers k* from alpha = 1 on") {
  const auto teacher = make_teacher("linear", 1, 0);
  CHECK(glm_bayes(*teacher, 0.5).V == doctest::Approx(0.5).epsilon(1e-9));
  CHECK(std::abs(glm_bayes(*teacher, 2).V) < 1e-9);
}
