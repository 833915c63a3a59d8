#include <doctest/doctest.h>

#include <quenched/point_set.hpp>

using quenched::Batch;

TEST_CASE("scrambled Sobol: moments of a Gaussian, and fewer errors than independent points") {
  const auto points = quenched::scrambled_sobol(4, 1024, 8, 7);
  const Batch means = quenched::replicate_means(points, 2, [](const Batch& x, Batch& f) {
    f.col(0) = x.square().rowwise().sum();
    f.col(1) = (x.rowwise().sum() / 2).exp();  // E = exp(4/8)
  });
  CHECK(means.rows() == 8);
  CHECK(std::abs(means.col(0).mean() - 4) < 1e-2);              // independent points: 0.03
  CHECK(std::abs(means.col(1).mean() - std::exp(0.5)) < 5e-3);  // independent points: 0.02
}

TEST_CASE("the same bytes for any thread count") {
  const auto one = quenched::scrambled_sobol(3, 256, 4, 1, 1),
             three = quenched::scrambled_sobol(3, 256, 4, 1, 3);
  CHECK((one.normals == three.normals).all());
  const auto f = [](const Batch& x, Batch& y) { y.col(0) = x.col(0).sin() + x.col(1) * x.col(2).exp(); };
  CHECK((quenched::replicate_means(one, 1, f, 1) == quenched::replicate_means(one, 1, f, 3)).all());
}

TEST_CASE(
    "scrambled Sobol points are nets: each dyadic interval of a coordinate holds one point, each dyadic "
    "square too") {
  constexpr int m = 6, size = 1 << m;
  const auto points = quenched::scrambled_sobol(7, size, 3, 5);
  const Eigen::ArrayXXd u =
      points.normals.unaryExpr([](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; });
  for (int r = 0; r < 3; ++r) {
    for (int d = 0; d < 7; ++d) {
      Eigen::ArrayXi count = Eigen::ArrayXi::Zero(size);
      for (int i = 0; i < size; ++i) ++count[static_cast<int>(u(r * size + i, d) * size)];
      CHECK((count == 1).all());
    }
    Eigen::ArrayXi count = Eigen::ArrayXi::Zero(size);  // the first two coordinates form a (0, m, 2)-net
    for (int i = 0; i < size; ++i)
      ++count[static_cast<int>(u(r * size + i, 0) * 8) * 8 + static_cast<int>(u(r * size + i, 1) * 8)];
    CHECK((count == 1).all());
  }
}
