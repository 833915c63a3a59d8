#include <doctest/doctest.h>

#include <cmath>
#include <quenched/population.hpp>
#include <random>

using quenched::bayes_excess_risk;
using quenched::Excess;
using quenched::make_activation;
using quenched::make_task;
using quenched::population;
using quenched::PopulationResult;
using quenched::Problem;

namespace {

Problem one_length(const char* task, int L, double nu, double noise = 0) {
  return {make_task(task, nu), {{L, 1}}, noise};
}

/// E[1 - p_eps] by Laplace transforms: 1/(e^a + S) = Int_0^inf exp(-t (e^a + S)) dt, so that with t = exp(-x)
/// Int dx E[exp(a - x) exp(-exp(a - x))] (1 - F^(L-1)), 1 - F = E[1 - exp(-exp(b - x))], a ~ N(nu, nu), b ~
/// N(0, nu).
double spiked_excess_by_brute_force(double nu, int L) {
  const double c = std::sqrt(nu);
  const Eigen::ArrayXd z = Eigen::ArrayXd::LinSpaced(3001, -38, 38);
  const Eigen::ArrayXd weight = (z[1] - z[0]) / std::sqrt(2 * M_PI) * (-z.square() / 2).exp();
  double sum = 0;
  const double h = 0.02 * c;
  for (double x = -9 * c - 4; x < nu + 9 * c + 40; x += h) {
    const Eigen::ArrayXd e = (c * z - x).min(700.0).exp(), spiked = (c * z - x + nu).min(700.0).exp();
    const Eigen::ArrayXd hits =
        (spiked < 700).select(spiked * (-spiked).exp(), 0);  // Eigen's exp stops at -708
    const double above = (weight * -(-e).expm1()).sum(), density = (weight * hits).sum();
    sum -= h * density * std::expm1((L - 1.0) * std::log1p(-std::min(above, 1 - 1e-16)));
  }
  return sum;
}

}  // namespace

TEST_CASE("the small gap of softmax keeps its relative accuracy up to nu = 1000 and L = 10^4") {
  for (const auto& c : {std::pair{5.0, 10000}, {50.0, 100}, {200.0, 10000}, {1000.0, 3}, {1000.0, 10000}}) {
    const double nu = c.first;
    const int L = c.second;
    CAPTURE(nu);
    CAPTURE(L);
    const Excess gap = bayes_excess_risk(one_length("spiked", L, nu));
    CHECK(std::abs(gap.value / spiked_excess_by_brute_force(nu, L) - 1) < 1e-8);
    CHECK(gap.error < 1e-9 * gap.value);
    CHECK(gap.log == doctest::Approx(std::log(gap.value)).epsilon(1e-14));
  }
}

TEST_CASE(
    "softmax's gap decays as (L - 1) sqrt(pi/(4 nu)) exp(-nu/4) (1 - pi^2/(4 nu)), below the range of a "
    "double too") {
  for (const double nu : {400.0, 1000.0, 2800.0, 4000.0})
    for (const int L : {2, 10}) {
      CAPTURE(nu);
      const Excess gap = bayes_excess_risk(one_length("spiked", L, nu));
      const double asymptote =
          std::log((L - 1) * std::sqrt(M_PI / (4 * nu))) - nu / 4 + std::log1p(-M_PI * M_PI / (4 * nu));
      CHECK(std::abs(gap.log - asymptote) <
            40 / (nu * nu) + 1e-9 + (L > 2 ? 20 * std::exp(-nu / 8) * std::sqrt(nu) : 0));
      CHECK((gap.value == 0) == (nu > 3000));
    }
}

TEST_CASE("the excess is no difference of large numbers: noise does not touch it") {
  for (const char* name : {"softmax", "kernel:exp(x)"}) {
    const PopulationResult noisy = population(one_length("spiked", 2, 200, 0.1), *make_activation(name));
    const PopulationResult clean = population(one_length("spiked", 2, 200), *make_activation(name));
    CHECK(noisy.excess.value == clean.excess.value);
    CHECK(noisy.excess.value > 0);
    CHECK(noisy.excess.error < 1e-9 * noisy.excess.value);
    CHECK(noisy.test_error == doctest::Approx(0.1));
  }
  // linear decays as L/nu: the closed form to 1e-6 of itself
  for (const double nu : {100.0, 1000.0})
    for (const int L : {2, 100, 10000}) {
      const double expected = 1 / (L / (L - 1.0) + nu / L);
      const PopulationResult r =
          population(one_length("spiked", L, nu, 0.1), *make_activation("linear"), {.tolerance = 1e-8});
      CHECK(std::abs(r.excess.value / expected - 1) < 1e-6);
    }
}

TEST_CASE("max, L to infinity: linear attention learns nothing, softmax at nu = infinity loses nothing") {
  for (const int L : {10, 1000, 10000}) {
    double M = 0;  // E max of L normals = Int x d(Phi^L)
    for (double x = -8; x < 9; x += 1e-3) {
      const double Phi = std::erfc(-x / std::sqrt(2.0)) / 2;
      M += 1e-3 * x * L * std::pow(Phi, L - 1) * std::exp(-x * x / 2) / std::sqrt(2 * M_PI);
    }
    const Problem p = one_length("max", L, INFINITY);
    CHECK(std::abs(population(p, *make_activation("linear")).excess.value - (1 - (1 + M * M) / L)) < 1e-9);
    CHECK(population(p, *make_activation("softmax")).excess.value == 0);
  }
}

TEST_CASE(
    "max: E[1 - |p|^2] = E chi_eps/nu by parts, which ties the risk of linear attention to that of softmax") {
  for (const double nu : {1.0, 5.0, 20.0})
    for (const int L : {2, 10, 1000}) {
      CAPTURE(nu);
      CAPTURE(L);
      const Problem p = one_length("max", L, nu);
      const double M = nu * population(p, *make_activation("softmax")).excess.value;
      CHECK(std::abs(population(p, *make_activation("linear")).excess.value - (1 - (1 + M * M) / L)) < 1e-8);
    }
}

TEST_CASE("long prompts: E|softmax|^2 = exp(nu^2)/L to first order, and the next one") {
  // With Z = sum exp(nu chi) about its mean: 1 + (3 (exp(nu^2) - 1) - 2 (exp(2 nu^2) - 1))/L.
  for (const double nu : {0.5, 1.0})
    for (const int L : {1000, 10000, 100000}) {
      CAPTURE(nu);
      CAPTURE(L);
      const double power = 1 - bayes_excess_risk(one_length("max", L, nu)).value, e = std::exp(nu * nu);
      const double next = 3 * (e - 1) - 2 * (e * e - 1);
      CHECK(std::abs((power * L / e - 1) * L / next - 1) < 40.0 / L + 3e-12 * L * L);
    }
}

TEST_CASE(
    "long prompts: softmax attention of Gaussian tokens is linear in the query, with a mean square distance "
    "in 1/L") {
  // f = sum_l softmax(chi)_l z_l -> E[z exp(chi)]/E[exp(chi)] = Cov(z, chi); L E(f - Cov)^2 -> exp(q_k) (q_v
  // + Cov^2).
  constexpr int samples = 4000, L = 500;
  const double q_k = 0.8, q_v = 1.3, q_kv = 0.6;
  std::mt19937_64 rng(4);
  std::normal_distribution<double> normal;
  const auto gaussian = [&] {
    return quenched::Batch::NullaryExpr(samples, L, [&] { return normal(rng); }).eval();
  };
  const quenched::Batch chi = std::sqrt(q_k) * gaussian();
  const quenched::Batch z = q_kv / q_k * chi + std::sqrt(q_v - q_kv * q_kv / q_k) * gaussian();
  quenched::Batch s;
  make_activation("softmax")->value(chi, s);
  const Eigen::ArrayXd squares = ((s * z).rowwise().sum() - q_kv).square();
  const double expected = std::exp(q_k) * (q_v + q_kv * q_kv), mean = L * squares.mean();
  const double error = L * std::sqrt((squares - squares.mean()).square().sum()) / samples;
  CHECK(std::abs(mean - expected) < 4 * error + 30.0 / L);
  CHECK(error < 0.03 * expected);
}
