#include "graded_panels.hpp"

#include <doctest/doctest.h>

#include <boost/math/quadrature/tanh_sinh.hpp>
#include <cmath>

using namespace quenched;

TEST_CASE("graded panels resolve a Lorentzian of width 1e-4 inside: its arc tangent") {
  const double a = 1e-4, centre = 0.3;
  const auto [x, w] = gauss_on(graded_panels(-2, 5, {{centre, a / 2}}, [](double) { return 0.5; }));
  const double integral = (w / (a * a + (x - centre).square())).sum();
  CHECK(integral ==
        doctest::Approx((std::atan((5 - centre) / a) + std::atan((2 + centre) / a)) / a).epsilon(1e-10));
  CHECK(w.sum() == doctest::Approx(7).epsilon(1e-14));
  CHECK((w > 0).all());
}

TEST_CASE("radial rule: the density has mass one; inverse roots on both sides of two radii by tanh-sinh") {
  constexpr double reach = 7, first = 1.3, second = 2.6;
  const auto average = [&](const std::vector<double>& breaks, auto&& f) {
    double sum = 0;
    for (const auto& [r, w] : radial_rule(breaks, reach, 24)) sum += w * f(r);
    return sum;
  };
  const auto one = [](double) { return 1.0; };
  CHECK(average({}, one) == doctest::Approx(1).epsilon(1e-9));
  CHECK(average({second, 9.0, first}, one) == doctest::Approx(1).epsilon(1e-9));
  const auto diverging = [&](double r) {
    return (r < first ? 2 : 1) / std::sqrt(std::abs(r - first)) + 1 / std::sqrt(std::abs(r - second));
  };
  boost::math::quadrature::tanh_sinh<double> rule;
  double expected = 0;
  // One term at a time, from its own end: rounding next to it matters.
  const auto part = [&](double from, double length, double scale) {
    return rule.integrate(
        [&](double u) {  // r = from + length u^2
          const double r = from + length * u * u;
          return scale * 2 * std::sqrt(std::abs(length)) * r * std::exp(-r * r / 2);
        },
        0.0, 1.0);
  };
  expected = part(first, -first, 2) + part(first, reach - first, 1) + part(second, -second, 1) +
             part(second, reach - second, 1);
  CHECK(average({first, second}, diverging) == doctest::Approx(expected).epsilon(1e-7));
}
