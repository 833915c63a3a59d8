#include <doctest/doctest.h>

#include <boost/math/constants/constants.hpp>
#include <cmath>
#include <quenched/continuation.hpp>
#include <quenched/invalid_input.hpp>

using namespace quenched;
using Eigen::Vector2d;
using Eigen::VectorXd;

namespace {

/// One equation in (x, t).
template <class F>
Map equation(F f) {
  return [f](const VectorXd& u) -> VectorXd { return VectorXd::Constant(1, f(u[0], u[1])); };
}

std::vector<CurvePoint> folds_in(const Map& G, const SolutionCurve& curve, Eigen::Index c) {
  std::vector<CurvePoint> found;
  for (std::size_t i = 1; i < curve.points.size(); ++i)
    if (curve.points[i - 1].tangent[c] * curve.points[i].tangent[c] < 0) {
      const auto at = fold(G, curve.points[i - 1], curve.points[i], c);
      REQUIRE(at.has_value());
      found.push_back(*at);
    }
  return found;
}

}  // namespace

TEST_CASE("a cubic: through both folds, which lie where the derivative vanishes, to 1e-8") {
  for (const double scale : {0.2, 1.0, 2.0}) {
    const Map G = equation([=](double x, double t) { return x * x * x - scale * x - t; });
    const double start = -2 * std::sqrt(scale) - 1;
    const auto curve = follow(G, Vector2d(start, start * start * start - scale * start), Vector2d(1, 1),
                              {.inside = [&](const VectorXd& u) { return u[0] < -start; }});
    CHECK(curve.end == CurveEnd::left);
    for (const CurvePoint& p : curve.points) CHECK(std::abs(G(p.u)[0]) <= 1e-9);
    const auto folds = folds_in(G, curve, 1);
    REQUIRE(folds.size() == 2);
    const double x = std::sqrt(scale / 3), t = 2 * scale * x / 3;
    CHECK(std::abs(folds[0].u[0] + x) < 1e-6);
    CHECK(std::abs(folds[0].u[1] - t) < 1e-8);
    CHECK(std::abs(folds[1].u[0] - x) < 1e-6);
    CHECK(std::abs(folds[1].u[1] + t) < 1e-8);
  }
}

TEST_CASE(
    "a pitchfork: straight on along the symmetric curve; with a small asymmetry, past the fold it leaves") {
  const Map symmetric = equation([](double x, double t) { return x * t - x * x * x; });
  const auto straight = follow(symmetric, Vector2d(0, -1.03), Vector2d(0, 1),
                               {.inside = [](const VectorXd& u) { return u[1] < 1; }});
  CHECK(straight.end == CurveEnd::left);
  for (const CurvePoint& p : straight.points) CHECK(std::abs(p.u[0]) < 1e-6);

  for (const double epsilon : {1e-1, 1e-2, 1e-3}) {
    const Map G = equation([=](double x, double t) { return x * t - x * x * x + epsilon; });
    // From the outer end of the branch that does not reach t = -1, over its fold, and out again.
    const auto curve = follow(G, Vector2d(-1.2, 1.44), Vector2d(0, -1),
                              {.inside = [](const VectorXd& u) { return u[1] < 2; }});
    CHECK(curve.end == CurveEnd::left);
    const auto folds = folds_in(G, curve, 1);
    REQUIRE(folds.size() == 1);  // t = x^2 - epsilon/x is least at x^3 = -epsilon/2
    CHECK(std::abs(folds[0].u[1] - 3 * std::pow(epsilon / 2, 2.0 / 3)) < 1e-8);
  }
}

TEST_CASE("a circle closes; its length is that of the chords between neighbours") {
  const Map G = equation([](double x, double t) { return x * x + t * t - 1; });
  const auto curve = follow(G, Vector2d(1.02, 0), Vector2d(0, 1), {.turn = 0.05});
  CHECK(curve.end == CurveEnd::closed);
  double length = 0;
  for (std::size_t i = 1; i < curve.points.size(); ++i)
    length += (curve.points[i].u - curve.points[i - 1].u).norm();
  CHECK(length == doctest::Approx(2 * boost::math::constants::pi<double>()).epsilon(0.05));
  CHECK(folds_in(G, curve, 0).size() == 2);
}

TEST_CASE("a curve that ends is lost, not made up; a start that is on no curve gives no points") {
  const Map half = equation([](double x, double t) { return t > 0 ? std::sqrt(t) - x : NAN; });
  const auto curve = follow(half, Vector2d(1, 1), Vector2d(0, -1));
  CHECK(curve.end == CurveEnd::lost);
  CHECK(curve.points.back().u[1] < 0.01);
  const Map nothing = equation([](double x, double t) { return 1 + x * x + t * t; });
  CHECK(follow(nothing, Vector2d(0.3, 0.2), Vector2d(1, 0)).points.empty());
  CHECK_THROWS_AS(static_cast<void>(follow(half, Vector2d(1, 1), Vector2d(0, 1), {.turn = 0})), InvalidInput);
}
