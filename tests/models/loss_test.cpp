#include <doctest/doctest.h>

#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <numbers>
#include <quenched/expectation.hpp>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>

using namespace quenched;
using Eigen::ArrayXd;

TEST_CASE("losses: derivatives by finite differences, the proximal point by its optimality") {
  const ArrayXd u = ArrayXd::LinSpaced(41, -6.03, 5.97);
  for (const std::string& name : loss_names()) {
    const auto loss = make_loss(name);
    INFO(name);
    CHECK(loss->info().name == name);
    ArrayXd first, second, below, above, at, side;
    loss->derivatives(u, first, second);
    const double h = 1e-5;
    loss->value(u - h, below), loss->value(u + h, above), loss->value(u, at);
    CHECK(((above - below) / (2 * h) - first).abs().maxCoeff() < 1e-6 * (1 + first.abs().maxCoeff()));
    loss->derivatives(u - h, below, side), loss->derivatives(u + h, above, side);
    CHECK(((above - below) / (2 * h) - second).abs().maxCoeff() < 1e-6 * (1 + second.abs().maxCoeff()));
    for (double V : {0.01, 0.8, 15.65, 3e4}) {
      ArrayXd p, slope, lower, upper, shifted;
      const ArrayXd c = ArrayXd::LinSpaced(2001, -30.013, 30.01);
      loss->proximal(V, c, p, slope);
      const auto objective = [&](const ArrayXd& x, ArrayXd& value) {
        loss->value(x, value);
        value += (x - c).square() / (2 * V);
      };
      // a minimum of a convex function: no neighbour is lower
      objective(p, at);
      for (double step : {1e-4, 1e-2, 1.0}) {
        objective(p - step, lower), objective(p + step, upper);
        CHECK((lower >= at - 1e-12 * at.abs()).all());
        CHECK((upper >= at - 1e-12 * at.abs()).all());
      }
      // dp/dc, away from the kinks
      loss->proximal(V, c + 1e-6, upper, shifted), loss->proximal(V, c - 1e-6, lower, shifted);
      ArrayXd wrong = ((upper - lower) / 2e-6 - slope).abs();
      for (double kink : loss->kinks(V)) wrong = ((c - kink).abs() < 1e-3).select(0.0, wrong);
      CHECK(wrong.maxCoeff() < 1e-5);
    }
    if (const auto corner = loss->corner()) {
      loss->value(u, at);
      const ArrayXd v = u - corner->knot;
      CHECK(((corner->low * v).max(corner->high * v) - at).abs().maxCoeff() < 1e-14);
    }
  }
}

TEST_CASE("teachers: the law of v against its definition") {
  for (const std::string name :
       {"linear", "linear-laplace", "linear-student-t:6", "sign", "sign:0.2", "logistic", "probit"}) {
    const auto teacher = make_teacher(name, 1.3, name.starts_with("linear") ? 0.4 : 0);
    const double m = 0.6, q = 0.9, rho = 1.3;
    INFO(name);
    enum { mass, mean, variance, by_parts, orthogonal, outputs };
    const Integrand f = [&](const Batch& x, Batch& out) {
      LineLaw at;
      teacher->law(m, q, x.col(0), at);
      out.col(mass) = at.W;
      out.col(mean) = at.W * at.v;
      out.col(variance) = at.W * at.v.square();
      out.col(by_parts) = at.S * at.v;
      out.col(orthogonal) = at.T * at.v;
    };
    const ArrayXd E = expectation(1, outputs, f, {.absolute = 1e-11, .relative = 1e-11}).value;
    const bool labels = teacher->info().labels;
    CHECK(E[mass] == doctest::Approx(1).epsilon(1e-9));
    CHECK(E[variance] == doctest::Approx(labels ? q : rho - 2 * m + q + 0.4).epsilon(1e-7));
    CHECK(E[by_parts] == doctest::Approx(1).epsilon(1e-7));  // E dv/dv
    CHECK(E[orthogonal] ==
          doctest::Approx(labels ? 0 : -1).epsilon(1e-7));  // Cov(v, z* - (m/q) z)/(rho - m^2/q)
    if (name == "sign")
      CHECK(E[mean] == doctest::Approx(m / std::sqrt(rho) * std::sqrt(2 / std::numbers::pi)).epsilon(1e-9));
    LineLaw at;
    teacher->law(m, q, ArrayXd::Constant(1, 0.7), at);
    CHECK(teacher->coordinate(m, q, at.v[0]) == doctest::Approx(0.7));
  }
}

TEST_CASE("Student-t noise: E exp(-v^2/2) over its own density, and by parts, to 1e-11") {
  for (const double dof : {2.5, 3.0, 20.0, 100.0}) {
    const double Delta = 0.4, m = 0.6, q = 0.9, rho = 1.3, tau2 = rho - 2 * m + q;
    const auto teacher = make_teacher("linear-student-t:" + std::to_string(dof), rho, Delta);
    const Integrand f = [&](const Batch& x, Batch& out) {
      LineLaw at;
      teacher->law(m, q, x.col(0), at);
      const ArrayXd bell = (-at.v.square() / 2).exp();
      out.col(0) = at.W * bell;
      out.col(1) = at.S * at.v * bell - at.W * (1 - at.v.square()) * bell;
    };
    const ExpectationOptions options{.rule = Rule::adaptive, .absolute = 1e-13, .relative = 1e-13};
    const ArrayXd E = expectation(1, 2, f, options).value;
    const boost::math::students_t noise(dof);
    const double scale = std::sqrt(Delta * (dof - 2) / dof);
    const auto integrand = [&](double t) {
      const double n = scale * t;
      return boost::math::pdf(noise, t) * std::exp(-n * n / (2 * (1 + tau2))) / std::sqrt(1 + tau2);
    };
    const double exact = 2 * boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
                                 integrand, 0, 20 / scale, 12, 1e-14);
    CHECK(std::abs(E[0] - exact) < 1e-11);
    CHECK(std::abs(E[1]) < 1e-11);
  }
}
