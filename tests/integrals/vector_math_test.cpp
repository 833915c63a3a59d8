#include <doctest/doctest.h>
#include <gsl/gsl_cdf.h>

#include <cmath>
#include <limits>
#include <quenched/vector_math.hpp>

TEST_CASE(
    "normal_quantile: GSL's to 4e-16 relative, and the inverse of the distribution function in the left "
    "tail") {
  constexpr int n = 20001;
  Eigen::ArrayXd p(n), x(n), back(n);
  for (int i = 0; i < n; ++i) p[i] = i % 2 ? (i + 0.5) / n : std::exp(-700.0 * (i + 0.5) / n);
  quenched::vector_math::normal_quantile(p, x);
  for (int i = 0; i < n; ++i) {
    const double expected = gsl_cdf_ugaussian_Pinv(p[i]);
    CHECK(std::abs(x[i] - expected) <= 1e-15 * std::abs(expected) + 1e-16);
  }
  quenched::vector_math::normal_cdf(x, back);
  for (int i = 0; i < n; ++i) CHECK(std::abs(back[i] - p[i]) <= 1e-14 * p[i] * (1 + x[i] * x[i]));
}

TEST_CASE("normal_quantile: the ends, in place, and the same bits at any position") {
  constexpr double inf = std::numeric_limits<double>::infinity();
  Eigen::ArrayXd p(5), x(5);
  p << 0, 1, 0.5, -0.1, 1.1;
  quenched::vector_math::normal_quantile(p, x);
  CHECK(x[0] == -inf);
  CHECK(x[1] == inf);
  CHECK(x[2] == 0);
  CHECK(std::isnan(x[3]));
  CHECK(std::isnan(x[4]));
  Eigen::ArrayXd many = Eigen::ArrayXd::LinSpaced(133, 0.001, 0.999);
  const Eigen::ArrayXd in = many;
  quenched::vector_math::normal_quantile(many, many);
  for (int i = 0; i < in.size(); ++i) {
    Eigen::ArrayXd one(1);
    quenched::vector_math::normal_quantile(in.segment(i, 1), one);
    CHECK(one[0] == many[i]);
  }
}

TEST_CASE("weighted_gram: the matrix product, any number of columns, some rows or all") {
  for (const int columns : {1, 2, 3, 8, 17})
    for (const int rows : {8, 56}) {
      const Eigen::MatrixXd x = Eigen::MatrixXd::Random(rows, columns);
      const Eigen::ArrayXd weight = Eigen::ArrayXd::Random(rows);
      const Eigen::MatrixXd product = x.transpose() * weight.matrix().asDiagonal() * x;
      for (const int wanted : {1, (columns + 1) / 2, columns}) {
        Eigen::MatrixXd gram;
        quenched::vector_math::weighted_gram(x, weight, wanted, gram);
        REQUIRE(gram.rows() == wanted);
        CHECK((gram - product.topRows(wanted)).cwiseAbs().maxCoeff() < 1e-14 * rows);
      }
    }
}

TEST_CASE("add_quintics: polynomials of several functions, added with their weight") {
  constexpr int n = 5, functions = 2, powers = n * functions + 3;
  const Eigen::ArrayXd c = Eigen::ArrayXd::Random(6 * powers);
  Eigen::ArrayXXd y = Eigen::ArrayXXd::Ones(n, functions);
  double* const out[] = {&y(0, 0), &y(0, 1)};
  const double r = 0.3, weight = -2;
  quenched::vector_math::add_quintics(c.data(), powers, n, r, weight, out, n);
  for (int f = 0; f < functions; ++f)
    for (int i = 0; i < n; ++i) {
      double sum = 0;
      for (int k = 0; k < 6; ++k) sum += c[k * powers + f * n + i] * std::pow(r, k);
      CHECK(y(i, f) == doctest::Approx(1 + weight * sum));
    }
}
