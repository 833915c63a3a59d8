#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <quenched/expectation.hpp>
#include <quenched/invalid_input.hpp>

#include "known_averages.hpp"

using quenched::Batch;
using quenched::Estimate;
using quenched::EstimateStatus;
using quenched::expectation;
using quenched::Rule;

namespace {

const quenched::Integrand square_and_exp = [](const Batch& x, Batch& f) {
  f.col(0) = x.square().rowwise().sum();
  f.col(1) = (x.rowwise().sum() / 2).exp();
};

}  // namespace

TEST_CASE(
    "E|x|^2 = d and E exp(sum x / 2) = exp(d / 8): every rule meets its tolerance, with errors that hold") {
  for (const auto& [rule, d, tolerance] : {std::tuple{Rule::automatic, 1, 1e-10},
                                           {Rule::automatic, 3, 1e-9},
                                           {Rule::automatic, 8, 1e-3},
                                           {Rule::gauss_hermite, 4, 1e-8},
                                           {Rule::adaptive, 2, 1e-9},
                                           {Rule::trapezoid, 3, 1e-10},
                                           {Rule::sparse_grid, 6, 1e-4},
                                           {Rule::sobol, 6, 1e-3},
                                           {Rule::lattice, 2, 1e-3}}) {
    const std::string what = std::string(name_of(rule)) + ", d = " + std::to_string(d);
    CAPTURE(what);
    const Estimate e =
        expectation(d, 2, square_and_exp, {.rule = rule, .absolute = tolerance, .relative = 0});
    REQUIRE(e.status == EstimateStatus::met);
    CHECK(std::abs(e.value[0] - d) <= e.error[0]);
    CHECK(std::abs(e.value[1] - std::exp(d / 8.0)) <= e.error[1]);
    CHECK(e.error.maxCoeff() <= tolerance);
    CHECK(e.points <= 1 << 22);
    CHECK(e.why.find(name_of(e.rule)) != std::string::npos);
    CHECK((rule == Rule::automatic || e.rule == rule));
  }
}

TEST_CASE(
    "errors hold in at least 95 of 100 known averages: kinks, steps, peaks, bumps far off centre, heavy "
    "tails") {
  for (const auto& [rule, dimensions] : {std::pair{Rule::automatic, std::vector{1, 2, 3, 5}},
                                         {Rule::adaptive, {1, 2}},
                                         {Rule::gauss_hermite, {1, 2, 3}},
                                         {Rule::trapezoid, {1, 2}},
                                         {Rule::sparse_grid, {3, 5}},
                                         {Rule::sobol, {2, 5}},
                                         {Rule::lattice, {2, 5}}}) {
    int met = 0, held = 0;
    for (const int d : dimensions)
      for (const KnownAverage& known : known_averages(d, 99))
        for (const double tolerance : {1e-2, 1e-5}) {
          const Estimate e = expectation(
              d, known.outputs, known.f,
              {.rule = rule, .absolute = tolerance, .relative = tolerance, .max_points = 1 << 16});
          if (e.status != EstimateStatus::met) continue;
          for (int j = 0; j < known.outputs; ++j) {
            const double error = std::abs(e.value[j] - known.exact[j]);
            ++met;
            held += error <= e.error[j] + 1e-13 * std::abs(known.exact[j]);
          }
        }
    const std::string what(name_of(rule));
    CAPTURE(what);
    CAPTURE(met);
    CHECK(met >= 60);
    CHECK(held >= 0.95 * met);
  }
}

TEST_CASE("a bump at 8 of average 1, which adaptive codes report as 0 with error 0") {
  const double s = 0.5, log_exact = std::log(s / std::sqrt(1 + s * s)) - 32 / (1 + s * s);
  for (const int d : {1, 2, 3, 6}) {
    const Eigen::VectorXd direction = Eigen::VectorXd::Ones(d).normalized();
    const auto bump = [&](const Batch& x, Batch& f) {
      f.col(0) = (-((x.matrix() * direction).array() - 8).square() / (2 * s * s) - log_exact).exp();
    };
    for (const Rule rule : {Rule::automatic, Rule::sobol}) {
      const Estimate e =
          expectation(d, 1, bump, {.rule = rule, .absolute = 1e-3, .relative = 0, .max_points = 1 << 18});
      CAPTURE(d);
      CHECK(std::abs(e.value[0] - 1) <= e.error[0]);
      if (d <= 2 && rule == Rule::automatic) CHECK(e.status == EstimateStatus::met);
    }
  }
}

TEST_CASE("the same bytes for any thread count") {
  for (const auto& [rule, d] : {std::pair{Rule::automatic, 3},
                                {Rule::adaptive, 2},
                                {Rule::gauss_hermite, 3},
                                {Rule::sparse_grid, 6},
                                {Rule::sobol, 5},
                                {Rule::lattice, 5}}) {
    const auto run = [&, rule = rule, d = d](int threads) {
      return expectation(d, 2, square_and_exp,
                         {.rule = rule, .absolute = 1e-6, .max_points = 1 << 18, .threads = threads});
    };
    const Estimate one = run(1);
    for (const int threads : {2, 3}) {
      const Estimate more = run(threads);
      CHECK((one.value == more.value).all());
      CHECK((one.error == more.error).all());
      CHECK(one.points == more.points);
    }
  }
}

TEST_CASE("a constant is exact, a spent budget is told, a value that is not finite is not hidden") {
  for (const Rule rule : {Rule::automatic, Rule::gauss_hermite, Rule::sobol, Rule::lattice}) {
    const Estimate e = expectation(4, 1, [](const Batch&, Batch& f) { f.col(0) = 3; },
                                   {.rule = rule, .absolute = 1e-10, .relative = 0});
    CHECK(e.status == EstimateStatus::met);
    CHECK(std::abs(e.value[0] - 3) <= 1e-13);
  }
  const auto step = [](const Batch& x, Batch& f) { f.col(0) = (x.rowwise().sum() > 0.1).cast<double>(); };
  const Estimate spent = expectation(9, 1, step, {.absolute = 1e-9, .relative = 0, .max_points = 50'000});
  CHECK(spent.status == EstimateStatus::budget_spent);
  CHECK(spent.points <= 50'000);
  CHECK(spent.error[0] > 1e-9);
  const Estimate refused = expectation(3, 1, step, {.rule = Rule::adaptive, .max_points = 50'000});
  CHECK(refused.status == EstimateStatus::budget_spent);
  CHECK(refused.points <= 50'000);
  CHECK(std::isinf(refused.error[0]));
  const Estimate bad =
      expectation(2, 1, [](const Batch& x, Batch& f) { f.col(0) = x.col(0).log(); }, {.max_points = 50'000});
  CHECK(bad.status == EstimateStatus::not_finite);
}

TEST_CASE("a function with infinite values at one point only is averaged where it is finite") {
  const auto root = [](const Batch& x, Batch& f) { f.col(0) = x.col(0).abs().pow(-0.5); };
  const Estimate e = expectation(1, 1, root, {.absolute = 1e-7, .relative = 0});
  const double exact = std::pow(2, -0.25) * std::tgamma(0.25) / std::sqrt(std::acos(-1.0));
  CHECK(e.status == EstimateStatus::met);
  CHECK(std::abs(e.value[0] - exact) <= e.error[0]);
}

TEST_CASE("names and refusals") {
  for (const Rule rule : {Rule::automatic, Rule::gauss_hermite, Rule::adaptive, Rule::trapezoid,
                          Rule::sparse_grid, Rule::sobol, Rule::lattice})
    CHECK(quenched::rule_named(name_of(rule)) == rule);
  CHECK(name_of(Estimate{}.status) == "not_run");
  using quenched::InvalidInput;
  CHECK_THROWS_AS((void)quenched::rule_named("simpson"), InvalidInput);
  CHECK_THROWS_AS((void)expectation(0, 2, square_and_exp), InvalidInput);
  CHECK_THROWS_AS((void)expectation(4, 2, square_and_exp, {.rule = Rule::adaptive}), InvalidInput);
  CHECK_THROWS_AS((void)expectation(1, 2, square_and_exp, {.absolute = 0}), InvalidInput);
  CHECK_THROWS_AS((void)expectation(1, 2, square_and_exp, {.relative = -1}), InvalidInput);
  CHECK_THROWS_AS((void)expectation(1, 2, square_and_exp, {.max_points = 10}), InvalidInput);
}

TEST_CASE("panels end at known kinks: E|x - c| to rounding with the first panels") {
  const double c = 0.3217;
  const quenched::Integrand f = [&](const Batch& x, Batch& out) { out.col(0) = (x.col(0) - c).abs(); };
  const double exact =
      c * std::erf(c / std::sqrt(2.0)) + std::sqrt(2 / std::numbers::pi) * std::exp(-c * c / 2);
  const quenched::ExpectationOptions blind{.absolute = 1e-13, .relative = 1e-13};
  quenched::ExpectationOptions told = blind;
  told.kinks = {c};
  const quenched::Estimate with = quenched::expectation(1, 1, f, told),
                           without = quenched::expectation(1, 1, f, blind);
  CHECK(with.status == quenched::EstimateStatus::met);
  CHECK(std::abs(with.value[0] - exact) <= with.error[0]);
  CHECK(2 * with.points < without.points);
}

TEST_CASE("an even integrand takes half the points") {
  const double c = 0.3217;
  const quenched::Integrand f = [&](const Batch& x, Batch& out) {
    out.col(0) = (x.col(0).abs() - c).abs();
    out.col(1) = x.col(0).square();
  };
  quenched::ExpectationOptions options{
      .rule = quenched::Rule::adaptive, .absolute = 1e-13, .relative = 1e-13, .probes = 0, .kinks = {-c, c}};
  const quenched::Estimate line = quenched::expectation(1, 2, f, options);
  options.even = true;
  const quenched::Estimate half = quenched::expectation(1, 2, f, options);
  CHECK(2 * half.points == line.points);
  CHECK(std::abs(half.value[1] - 1) <= half.error[1]);
  CHECK((half.value - line.value).abs().maxCoeff() <= 1e-14);
  CHECK((half.error - line.error).abs().maxCoeff() <= 1e-14);
}
