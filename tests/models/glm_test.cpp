#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <quenched/glm.hpp>
#include <quenched/invalid_input.hpp>
#include <string>
#include <vector>

using namespace quenched;

/// E h(lambda) over the spectrum of X^T X/D, N = alpha D (Marchenko and Pastur, 1967), by the periodic
/// trapezoid rule.
template <class F>
static double spectral(double alpha, const F& h) {
  const double middle = 1 + alpha, half = 2 * std::sqrt(alpha);
  double sum = std::max(0.0, 1 - alpha) * h(0.0);
  constexpr int cells = 200000;
  for (int i = 0; i < cells; ++i) {
    const double theta = (i + 0.5) * std::numbers::pi / cells, lambda = middle + half * std::cos(theta);
    const double density = std::pow(half * std::sin(theta), 2) / (2 * std::numbers::pi * lambda);
    sum += density * h(lambda) * std::numbers::pi / cells;
  }
  return sum;
}

TEST_CASE("ridge regression is the Marchenko-Pastur closed form, whatever the noise's law") {
  const auto square = make_loss("square");
  int point = 0;
  for (double alpha : {0.3, 0.9, 1.3, 2.0, 7.0})
    for (double ridge : {0.02, 0.2, 0.7, 3.0}) {
      const double rho = 0.5 + 0.1 * point, Delta = 0.05 * (1 + point % 7);
      const char* const noise[] = {"linear", "linear-laplace", "linear-student-t"};
      const auto teacher = make_teacher(noise[point++ % 3], rho, Delta);
      INFO(teacher->info().name, " alpha ", alpha, " ridge ", ridge);
      const GlmResult r = glm(*teacher, *square, alpha, ridge, {.tolerance = 1e-9, .from = {}});
      const auto S1 = spectral(alpha, [&](double x) { return 1 / (x + ridge); });
      const auto S2 = spectral(alpha, [&](double x) { return std::pow(x + ridge, -2); });
      const double error = rho * ridge * ridge * S2 + Delta * (S1 - ridge * S2);
      CHECK(r.certificate.verdict == Verdict::trusted);
      CHECK(std::abs(r.V - S1) < 1e-9);
      CHECK(std::abs(r.m - rho * (1 - ridge * S1)) < 1e-9);
      CHECK(std::abs(r.test_error - Delta - error) < 1e-9);
      CHECK(std::abs(rho - 2 * r.m + r.q - error) < 1e-9);
      // the residuals are those of the test, shrunk by 1 + V (leave one out)
      CHECK(std::abs(r.train_error - r.test_error / std::pow(1 + S1, 2)) < 1e-9);
    }
}

struct Checked {
  const char *teacher, *loss;
  double alpha, ridge, Delta, m, q, V;
};

TEST_CASE("values of docs/glm.md, found by another program and by training") {
  for (const Checked& c : {Checked{"linear", "square", 2, 0.3, 0.2, 0.80000, 0.75294, 0.66667},
                           Checked{"sign", "logistic", 3, 0.1, 0, 2.1715, 5.7308, 2.9878},
                           Checked{"logistic", "logistic", 4, 0.5, 0, 0.57341, 0.78130, 0.82073},
                           Checked{"sign", "square", 3, 0.5, 0, 0.64937, 0.53089, 0.37228}}) {
    INFO(c.teacher, " ", c.loss);
    const GlmResult r = glm(*make_teacher(c.teacher, 1, c.Delta), *make_loss(c.loss), c.alpha, c.ridge);
    const double last = c.m > 1 ? 6e-5 : 6e-6;  // half a unit of the last digit given
    CHECK(std::abs(r.m - c.m) < last);
    CHECK(std::abs(r.q - c.q) < last);
    CHECK(std::abs(r.V - c.V) < last);
    if (c.m > 1) CHECK(std::abs(r.sign_error - 0.13830) < 6e-6);
  }
}

TEST_CASE("the theory is exact for convex losses: stable, without jumps, resolved to 1e-8") {
  for (const std::string teacher :
       {"linear", "linear-laplace", "linear-student-t", "sign", "sign:0.1", "logistic", "probit"})
    for (const std::string loss : {"square", "absolute", "huber", "logistic", "hinge", "exponential"})
      for (double ridge : {0.01, 0.3}) {
        const auto t = make_teacher(teacher, 1.5, teacher.starts_with("linear") ? 0.3 : 0);
        const auto l = make_loss(loss);
        if (!t->info().labels && !l->info().residual) continue;
        INFO(teacher, " ", loss, " ", ridge);
        const GlmResult r = glm(*t, *l, 2.5, ridge, {.tolerance = 1e-8, .from = {}});
        CHECK(r.certificate.verdict == Verdict::trusted);
        CHECK(r.certificate.stability_eigenvalue < 1);
        CHECK(r.certificate.jump_weight < 1e-9);  // Vhat by Stein's identity and pointwise
        CHECK(r.train_error < r.test_error);
        // the energy is the minimum over k: dE/d ridge = q/2
        const double h = 1e-3 * ridge;
        const double slope =
            (glm(*t, *l, 2.5, ridge + h).energy - glm(*t, *l, 2.5, ridge - h).energy) / (2 * h);
        CHECK(slope == doctest::Approx(r.q / 2).epsilon(1e-5));
        // and m of the minimiser follows the labels' law: for labels, P(y != sign z) is no less than P(sign
        // z* != sign z)
        if (t->info().labels) CHECK(r.test_error >= r.sign_error - 1e-9);
      }
}

TEST_CASE("labels: the test error in closed form") {
  const auto l = make_loss("logistic");
  const GlmResult s = glm(*make_teacher("sign:0.1", 2, 0), *l, 3, 0.1);
  CHECK(s.test_error == doctest::Approx(0.1 + 0.8 * s.sign_error).epsilon(1e-9));
  const GlmResult p = glm(*make_teacher("probit", 2, 0), *l, 3, 0.1);
  CHECK(p.test_error ==
        doctest::Approx(std::acos(p.m / std::sqrt(3 * p.q)) / std::numbers::pi).epsilon(1e-9));
  CHECK(least_test_error(*make_teacher("probit", 2, 0)) ==
        doctest::Approx(std::atan(std::sqrt(0.5)) / std::numbers::pi).epsilon(1e-9));
  CHECK(least_test_error(*make_teacher("sign:0.1", 2, 0)) == doctest::Approx(0.1).epsilon(1e-9));
}

TEST_CASE("interpolation: the square loss without a ridge, in closed form above alpha = 1") {
  const auto teacher = make_teacher("linear", 1, 0.5);
  const auto square = make_loss("square");
  for (double alpha : {1.001, 1.01, 1.5, 4.0}) {
    const GlmResult r = glm(*teacher, *square, alpha, 0);
    CHECK(std::abs(r.test_error - 0.5 * alpha / (alpha - 1)) <= r.uncertainty.test_error + 1e-12);
    CHECK(r.uncertainty.test_error < 1e-4);
  }
  for (double alpha : {0.5, 0.999, 1.0}) {
    const GlmResult r = glm(*teacher, *square, alpha, 0);
    CHECK(r.certificate.verdict == Verdict::not_converged);
    CHECK(std::isnan(r.test_error));
    CHECK(r.certificate.advice.find("interpolated") != std::string::npos);
  }
  // double descent: with a small ridge the error peaks at 1
  const auto error = [&](double alpha) { return glm(*teacher, *square, alpha, 1e-5).test_error; };
  CHECK(error(0.5) < error(0.99));
  CHECK(error(0.99) < error(1));
  CHECK(error(1) > error(1.01));
  CHECK(error(1.01) > error(2));
}

TEST_CASE("separability: Cover's 2 for labels that know nothing, infinite for noiseless ones") {
  const auto hinge = make_loss("hinge");
  CHECK(glm_threshold(*make_teacher("logistic", 1e-12, 0), *hinge).alpha == doctest::Approx(2).epsilon(1e-4));
  CHECK(std::isinf(glm_threshold(*make_teacher("sign", 1, 0), *hinge).alpha));
  CHECK(glm_threshold(*make_teacher("sign", 1, 0), *make_loss("square")).alpha == 1);
}

/// The value at x = 0 of the polynomial through the points.
static double extrapolated(const std::vector<double>& x, std::vector<double> y) {
  for (std::size_t order = 1; order < x.size(); ++order)
    for (std::size_t i = x.size() - 1; i >= order; --i)
      y[i] = y[i] + x[i] * (y[i - 1] - y[i]) / (x[i] - x[i - order]);
  return y.back();
}

TEST_CASE("separability: where the largest margin of the hinge loss at a vanishing ridge ends, to 1e-3") {
  const auto hinge = make_loss("hinge"), logistic = make_loss("logistic");
  for (const char* name : {"sign:0.2", "logistic", "probit"}) {
    const auto teacher = make_teacher(name, 1, 0);
    std::vector<double> margins, alphas;
    for (double alpha : {1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.1}) {
      alphas.push_back(alpha);
      margins.push_back(1 / std::sqrt(glm(*teacher, *hinge, alpha, 1e-6).q));  // the least norm at margin 1
    }
    const double threshold = glm_threshold(*teacher, *hinge).alpha;
    INFO(std::string(name), " ", threshold);
    CHECK(std::abs(extrapolated(margins, alphas) - threshold) < 1e-3);
    for (const Loss* loss : {hinge.get(), logistic.get()}) {
      const GlmResult below = glm(*teacher, *loss, threshold - 1e-3, 0);
      CHECK(below.certificate.verdict == Verdict::not_converged);
      CHECK(below.certificate.advice.find("separable") != std::string::npos);
    }
    CHECK(glm(*teacher, *logistic, threshold + 1e-2, 0).certificate.verdict == Verdict::trusted);
    // the eigenvalue of a loss with corners is 1 - ridge V
    CHECK(glm(*teacher, *hinge, threshold + 1e-2, 0).certificate.verdict == Verdict::marginal);
  }
}

TEST_CASE("the tuned ridge") {
  // Gaussian noise: the posterior mean, at ridge = Delta/rho
  const auto teacher = make_teacher("linear", 2, 0.3);
  const GlmOptimalRidge tuned = glm_optimal_ridge(*teacher, *make_loss("square"), 1.7);
  CHECK(tuned.ridge == doctest::Approx(0.15).epsilon(1e-3));
  CHECK(tuned.result.test_error == doctest::Approx(glm_bayes(*teacher, 1.7).test_error).epsilon(1e-9));
  CHECK_FALSE(tuned.at_bound);
  const GlmOptimalRidge warm = glm_optimal_ridge(*teacher, *make_loss("square"), 1.7, {}, 40.0);
  CHECK(warm.ridge == doctest::Approx(0.15).epsilon(1e-3));
  // not at the edge, and a minimum
  const auto logistic = make_teacher("logistic", 4, 0);
  const GlmOptimalRidge l = glm_optimal_ridge(*logistic, *make_loss("hinge"), 2);
  for (double factor : {0.7, 1.4})
    CHECK(glm(*logistic, *make_loss("hinge"), 2, factor * l.ridge).test_error > l.result.test_error);
}

TEST_CASE("a neighbour's start leads to the same fixed point") {
  const auto teacher = make_teacher("logistic", 1, 0);
  const auto loss = make_loss("hinge");
  const GlmResult cold = glm(*teacher, *loss, 3, 0.1), near = glm(*teacher, *loss, 3.4, 0.15);
  const GlmResult warm = glm(*teacher, *loss, 3, 0.1, {.from = Eigen::Vector3d(near.m, near.q, near.V)});
  CHECK(std::abs(warm.test_error - cold.test_error) < 1e-10);
}

TEST_CASE("wrong input") {
  const auto linear = make_teacher("linear", 1, 0.1);
  const auto square = make_loss("square");
  CHECK_THROWS_AS((void)glm(*linear, *make_loss("hinge"), 1, 1), InvalidInput);
  CHECK_THROWS_AS((void)glm(*linear, *square, 0, 1), InvalidInput);
  CHECK_THROWS_AS((void)glm(*linear, *square, 1, -1), InvalidInput);
  CHECK_THROWS_AS((void)make_loss("huber:0"), InvalidInput);
  CHECK_THROWS_AS((void)make_loss("square:1"), InvalidInput);
  CHECK_THROWS_AS((void)make_loss("cubic"), InvalidInput);
  CHECK_THROWS_AS((void)make_teacher("sign:0.5", 1, 0), InvalidInput);
  CHECK_THROWS_AS((void)make_teacher("sign", 1, 0.1), InvalidInput);
  CHECK_THROWS_AS((void)make_teacher("linear-laplace", 1, 0), InvalidInput);
  CHECK_THROWS_AS((void)make_teacher("linear-student-t:2", 1, 0.1), InvalidInput);
  CHECK_THROWS_AS((void)make_teacher("linear", 0, 0.1), InvalidInput);
}
