#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <quenched/point_set.hpp>
#include <quenched/task.hpp>
#include <random>

using quenched::Batch;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// As TokenRace states it.
double relative_accuracy(double S) { return S > 1e-6 ? 1e-9 : 1e-7; }

double Phi(double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }

Batch gaussian(int rows, int columns, std::uint64_t seed, double scale) {
  quenched::Rng rng(seed);
  std::normal_distribution<double> normal(0, scale);
  Batch x(rows, columns);
  for (double& value : x.reshaped()) value = normal(rng);
  return x;
}

/// E sigmoid(u), u ~ N(mean, variance), by a trapezoid rule that shares nothing with the library.
double mean_sigmoid(double mean, double variance) {
  double sum = 0;
  for (double z = -12; z <= 12; z += 0.01)
    sum += std::exp(-z * z / 2) / (1 + std::exp(-mean - std::sqrt(variance) * z));
  return sum * 0.01 / std::sqrt(2 * M_PI);
}

}  // namespace

TEST_CASE("max, nu = inf, L = 2: S = Phi((a_0 - a_1)/sqrt(2 V))") {
  const auto task = quenched::make_task("max", infinity);
  for (double V : {1.0, 0.3, 1e-3}) {
    const Batch a = gaussian(200, 2, 1, 2 * std::sqrt(V));
    Batch log_S, gradient;
    task->posterior(a, V, log_S, gradient);
    for (int i = 0; i < a.rows(); ++i) {
      const double x = (a(i, 0) - a(i, 1)) / std::sqrt(2 * V);
      CHECK(std::abs(std::exp(log_S(i, 0)) / Phi(x) - 1) < relative_accuracy(Phi(x)));
      const double slope = std::exp(-x * x / 2) / std::sqrt(4 * M_PI * V) / Phi(x);
      CHECK(std::abs(gradient(i, 0) / slope - 1) < 20 * relative_accuracy(Phi(x)));
      CHECK(gradient(i, 1) == -gradient(i, 0));
    }
  }
}

TEST_CASE("max, finite nu, L = 2: S = E sigmoid(nu (chi_0 - chi_1))") {
  for (double nu : {0.0, 0.2, 1.0, 3.0, 30.0})
    for (double V : {1.0, 0.2, 1e-4, 0.0}) {
      const auto task = quenched::make_task("max", nu);
      const Batch a = gaussian(30, 2, 2, 1.5);
      Batch log_S, gradient;
      task->posterior(a, V, log_S, gradient);
      for (int i = 0; i < a.rows(); ++i) {
        const double expected = mean_sigmoid(nu * (a(i, 0) - a(i, 1)), 2 * V * nu * nu);
        if (expected > 1e-12)
          CHECK(std::abs(std::exp(log_S(i, 0)) / expected - 1) < relative_accuracy(expected));
      }
    }
}

TEST_CASE("max: rows sum to 1, exchange of tokens, gradient by finite differences") {
  for (double nu : {0.7, 5.0, infinity})
    for (int L : {1, 3, 7, 40})
      for (double V : {1.0, 0.1}) {
        CAPTURE(nu);
        CAPTURE(L);
        CAPTURE(V);
        const auto task = quenched::make_task("max", nu);
        Batch a = gaussian(20, L, 3, 1), log_S, gradient, up, down, unused;
        task->posterior(a, V, log_S, gradient);
        CHECK((log_S.exp().rowwise().sum() - 1).abs().maxCoeff() < 1e-9);
        const int l = L / 2;
        constexpr double h = 1e-4;
        Batch moved = a;
        moved.col(l) += h;
        task->posterior(moved, V, up, unused);
        moved.col(l) -= 2 * h;
        task->posterior(moved, V, down, unused);
        for (int eps = 0; eps < L; ++eps) {
          const Eigen::ArrayXd difference = (up.col(eps) - down.col(eps)) / (2 * h),
                               d = gradient.col(eps * L + l);
          CHECK(((difference - d).abs() / (1 + d.abs()) * (log_S.col(eps) > -20).cast<double>()).maxCoeff() <
                3e-6);
        }
        a.col(0).swap(a.col(l));
        task->posterior(a, V, up, unused);
        CHECK((up.col(0) - log_S.col(l)).abs().maxCoeff() < 1e-12);
      }
}

TEST_CASE("max: S_eps against sampling of chi") {
  constexpr int L = 4, samples = 200000;
  const double V = 0.4;
  const Batch a = gaussian(1, L, 5, 0.7);
  for (double nu : {1.5, infinity}) {
    const auto task = quenched::make_task("max", nu);
    Batch log_S, gradient, chi = gaussian(samples, L, 6, std::sqrt(V)).rowwise() + a.row(0);
    task->posterior(a, V, log_S, gradient);
    Batch p(samples, L);
    const Eigen::ArrayXd top = chi.rowwise().maxCoeff();
    if (std::isinf(nu)) {
      for (int l = 0; l < L; ++l) p.col(l) = (chi.col(l) == top).cast<double>();
    } else {
      p = (nu * (chi.colwise() - top)).exp();
      p.colwise() /= p.rowwise().sum().eval();
    }
    for (int l = 0; l < L; ++l) {
      const double mean = p.col(l).mean(), spread = std::sqrt((p.col(l) - mean).square().mean() / samples);
      CHECK(std::abs(std::exp(log_S(0, l)) - mean) < 4 * spread);
    }
  }
}

TEST_CASE("max: the tilted fields have total weight 1 and the moments of chi* given eps = 0") {
  const auto points = quenched::scrambled_sobol(3, 1 << 14, 4, 1);  // errors of a few 1e-5
  for (double nu : {0.0, 2.0, infinity}) {
    const auto task = quenched::make_task("max", nu);
    const double m = 0.8, q = 1.3;
    quenched::FieldLaw law;
    task->fields(m, q, points.normals, law);
    CHECK(std::abs(law.weight.mean() - 1) < 1e-4);
    // E omega_l = m E[chi*_l | eps = 0] and Stein: E[t_l] = E[chi*_l | eps = 0], both from the tilt.
    for (int l = 0; l < 3; ++l)
      CHECK(std::abs((law.weight * law.omega.col(l)).mean() - m * (law.weight * law.t.col(l)).mean()) < 2e-4);
    if (std::isinf(nu))
      CHECK(std::abs((law.weight * law.t.col(0)).mean() - 1.5 / std::sqrt(M_PI)) < 2e-4);  // E max of 3
  }
}

TEST_CASE("max: no overlap, m = 0 or q = 0, leaves the fields untilted with the score of a = 0") {
  for (double nu : {1.0, infinity}) {
    const auto task = quenched::make_task("max", nu);
    const Batch x = gaussian(10, 3, 8, 1);
    quenched::FieldLaw none, little;
    task->fields(1e-9, 1, x, little);
    for (double q : {0.0, 1.0}) {
      task->fields(0, q, x, none);
      CHECK((none.weight == 1).all());
      CHECK((none.t - little.t).abs().maxCoeff() < 1e-7);
      CHECK((none.omega - std::sqrt(q) * x).abs().maxCoeff() == 0);
      if (std::isinf(nu)) CHECK(std::abs(none.t(0, 0) - 1.5 / std::sqrt(M_PI)) < 1e-9);
    }
  }
}

TEST_CASE("max: V -> 0 at nu = inf is the hard argmax, without NaN") {
  const auto task = quenched::make_task("max", infinity);
  Batch a(1, 3), log_S, gradient;
  a << 0.1, 0.5, -2;
  for (double V : {0.0, 1e-20, 1e-6}) {
    task->posterior(a, V, log_S, gradient);
    CHECK(log_S.isFinite().all());
    CHECK(gradient.isFinite().all());
    CHECK(std::abs(log_S(0, 1)) < 1e-9);
    CHECK(log_S(0, 0) < -600);
  }
}
