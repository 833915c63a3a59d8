#include <doctest/doctest.h>

#include <Eigen/LU>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>

using namespace quenched;
using Eigen::VectorXd;

namespace {
VectorXd vec(std::initializer_list<double> v) {
  VectorXd x(static_cast<Eigen::Index>(v.size()));
  std::copy(v.begin(), v.end(), x.begin());
  return x;
}
}  // namespace

TEST_CASE("cos x = x (the Dottie number) under every damping and memory") {
  for (const double damping : {0.3, 0.6, 1.0})
    for (const int memory : {0, 1, 3, 5}) {
      const auto report =
          fixed_point([](const VectorXd& x) -> VectorXd { return x.array().cos(); }, vec({0.2, 1.0}),
                      {.tolerance = 1e-12, .anderson_memory = memory, .damping = damping});
      CHECK(report.status == FixedPointStatus::converged);
      CHECK(std::abs(report.x[0] - 0.739085133215160642) < 1e-11);
      CHECK(report.history.size() == static_cast<std::size_t>(report.iterations));
    }
}

TEST_CASE("Anderson solves a linear map of dimension n in about n + 2 evaluations, even an expanding one") {
  Eigen::Matrix3d A;
  A << 0.2, 1.4, 0, -1.1, 0.3, 0.5, 0, 0.4, -1.6;
  const Eigen::Vector3d b(1, 2, 3), root = (Eigen::Matrix3d::Identity() - A).inverse() * b;
  const auto report = fixed_point([&](const VectorXd& x) -> VectorXd { return A * x + b; }, vec({0, 0, 0}));
  CHECK(report.status == FixedPointStatus::converged);
  CHECK((report.x - root).norm() < 1e-8);
  CHECK(report.iterations <= 12);
}

TEST_CASE("the residual is F(x) - x at the x returned, never that of a damped step") {
  const Map F = [](const VectorXd& x) -> VectorXd { return 0.99 * x; };
  const auto report =
      fixed_point(F, vec({1.0}), {.max_iterations = 5, .anderson_memory = 0, .damping = 1e-3});
  CHECK(report.status == FixedPointStatus::max_iterations);
  CHECK(!report.reached());
  CHECK(report.residual ==
        doctest::Approx(std::abs((F(report.x) - report.x)[0]) / (1 + std::abs(report.x[0]))));
  CHECK(report.residual > 1e-3);  // each step moved by 1e-5 only
}

TEST_CASE("what stops it is said") {
  SUBCASE("no fixed point: stalled or out of iterations, with the best iterate") {
    const auto report =
        fixed_point([](const VectorXd& x) -> VectorXd { return x.array() + 1 + x.array().square(); },
                    vec({0.5}), {.max_iterations = 40});
    CHECK(!report.reached());
    CHECK(report.residual >= 0.5);  // (1 + x^2)/(1 + |x|) is never below 2 sqrt 2 - 2
  }
  SUBCASE("not finite at the start") {
    CHECK(fixed_point([](const VectorXd& x) -> VectorXd { return x * NAN; }, vec({1})).status ==
          FixedPointStatus::not_finite);
  }
  SUBCASE("noise floor") {
    int calls = 0;
    const auto noisy = [&](const VectorXd& x) -> VectorXd {
      return x / 2 + vec({++calls % 2 ? 1e-4 : -1e-4});
    };
    const auto report = fixed_point(noisy, vec({1}), {.tolerance = 1e-9, .map_error = 3e-4});
    CHECK(report.status == FixedPointStatus::noise_floor);
    CHECK(report.residual <= 3e-4);
  }
  SUBCASE("infeasible iterates are never evaluated") {
    const auto positive = [](const VectorXd& x) { return x[0] > 0; };
    const auto report = fixed_point(
        [&](const VectorXd& x) -> VectorXd {
          REQUIRE(positive(x));
          return x.array().sqrt() * 0.5;  // roots 0 and 1/4
        },
        vec({4.0}), {.feasible = positive});
    CHECK(report.reached());
    CHECK(std::abs(report.x[0] - 0.25) < 1e-9);
  }
  SUBCASE("bad options are refused") {
    const Map F = [](const VectorXd& x) -> VectorXd { return x; };
    CHECK_THROWS_AS((void)fixed_point(F, vec({1}), {.damping = 0}), InvalidInput);
    CHECK_THROWS_AS((void)fixed_point(F, vec({1}), {.tolerance = NAN}), InvalidInput);
    CHECK_THROWS_AS((void)fixed_point(F, vec({NAN})), InvalidInput);
  }
}

TEST_CASE("jacobian: exact on a quadratic, inside the feasible side") {
  const auto J = jacobian(
      [](const VectorXd& x) -> VectorXd {
        REQUIRE(x[0] >= 0);
        return vec({x[0] * x[1], x[1] * x[1] - x[0]});
      },
      vec({1e-5, 3}), 1e-4, [](const VectorXd& x) { return x[0] >= 0; });
  CHECK(std::abs(J(0, 0) - 3) < 1e-8);
  CHECK(std::abs(J(0, 1) - 1e-5) < 1e-8);
  CHECK(std::abs(J(1, 1) - 6) < 1e-8);
  CHECK(std::abs(J(1, 0) + 1) < 1e-8);
}

TEST_CASE("jacobian: to one side by a whole step where the other is out of reach") {
  const auto J = jacobian(
      [](const VectorXd& x) -> VectorXd {
        REQUIRE(x[0] >= 0);
        return vec({std::exp(x[0])});
      },
      vec({1e-18}), 1e-4, [](const VectorXd& x) { return x[0] >= 0; });
  CHECK(std::abs(J(0, 0) - 1) < 1e-4);  // differences over 1e-18 would give 0
}

TEST_CASE("jacobian_from: one evaluation a column, to the side that is feasible") {
  int evaluations = 0;
  const Map F = [&](const VectorXd& x) -> VectorXd {
    ++evaluations;
    REQUIRE(x[0] <= 2);
    return vec({std::sin(x[0]) * x[1], x[1] * x[1]});
  };
  const VectorXd x = vec({2, 3});
  const auto J = jacobian_from(F(x), F, x, 1e-6, [](const VectorXd& y) { return y[0] <= 2; });
  CHECK(evaluations == 3);
  CHECK(std::abs(J(0, 0) - 3 * std::cos(2.0)) < 1e-5);
  CHECK(std::abs(J(0, 1) - std::sin(2.0)) < 1e-5);
  CHECK(std::abs(J(1, 0)) < 1e-12);
  CHECK(std::abs(J(1, 1) - 6) < 1e-5);
}

TEST_CASE("an iterate that is enough ends the iteration") {
  const FixedPointReport report = fixed_point(
      [](const VectorXd& x) -> VectorXd { return 0.5 * x; }, vec({1}),
      {.anderson_memory = 0, .damping = 1, .enough = [](const VectorXd& x) { return x[0] < 0.1; }});
  CHECK(report.reached());
  CHECK(report.x[0] == 0.0625);
  CHECK(report.iterations == 5);
}

TEST_CASE("errors of a linear map are carried to its fixed point and to an observable") {
  // x = A x + b, observable c.x
  const Eigen::Matrix2d A = (Eigen::Matrix2d() << 0.5, 0.2, -0.1, 0.3).finished();
  const Eigen::RowVector2d c(2, -1);
  Eigen::MatrixXd J(3, 2), changes = Eigen::MatrixXd::Zero(3, 2);
  J << A, c;
  changes(0, 0) = 1e-3, changes(2, 1) = 2e-3;
  const Eigen::Vector2d dx = (Eigen::Matrix2d::Identity() - A).inverse().col(0) * 1e-3;
  const Eigen::ArrayXd error = carried_errors(J, changes);
  CHECK(error[0] == doctest::Approx(std::abs(dx[0])));
  CHECK(error[1] == doctest::Approx(std::abs(dx[1])));
  CHECK(error[2] == doctest::Approx(std::hypot(c.dot(dx), 2e-3)));
}

TEST_CASE(
    "Broyden: a linear map is known once it was seen along every axis, and nothing is left of Newton's "
    "step") {
  const Eigen::Matrix2d A = (Eigen::Matrix2d() << 0.5, 0.2, -0.1, 0.3).finished();
  const Eigen::Vector2d b(1, 2), at = (Eigen::Matrix2d::Identity() - A).inverse() * b;
  const auto rows = [&](const VectorXd& x) { return vec({(A * x + b)[0], (A * x + b)[1], 2 * x[0] - x[1]}); };
  LinearisedMap map((Eigen::MatrixXd(3, 2) << 0.1, 0, 0.4, -0.5, 3, 3).finished());
  VectorXd x = vec({-1, 0.5});
  CHECK((map.next(x, rows(x)) - at).norm() > 0.1);
  for (const double step : {0.3, -2.0})
    for (int axis = 0; axis < 2; ++axis) {
      VectorXd y = x;
      y[axis] += step;
      const VectorXd one = map.next(x, rows(x)) - x, two = map.next(y, rows(y)) - y;
      const Eigen::ArrayXd weight = 1 / (1 + y.array().abs());
      const double ratio = map.learn(x, rows(x), y, rows(y));
      CHECK(ratio ==
            doctest::Approx((two.array() * weight).matrix().norm() / (one.array() * weight).matrix().norm()));
      x = y;
    }
  CHECK((map.next(x, rows(x)) - at).norm() < 1e-12);
  const VectorXd residual = vec({(rows(x).head(2) - x)[0], (rows(x).head(2) - x)[1], 0});
  CHECK(std::abs(rows(x)[2] + map.carried(residual)[2] - (2 * at[0] - at[1])) < 1e-12);
  CHECK(map.learn(x, rows(x), at, rows(at)) < 1e-12);
}
