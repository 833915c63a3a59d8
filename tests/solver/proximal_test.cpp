#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <quenched/proximal.hpp>

using namespace quenched;

TEST_CASE("the low-rank factor solves like the dense matrix and knows its inertia") {
  const int n = 6, points = 20;
  std::srand(3);
  LowRankModel model{Eigen::ArrayXd::Zero(points), Eigen::ArrayXd::Random(points), Batch::Zero(points, n),
                     Batch::Random(points, n),     Batch::Random(points, n),       Batch::Random(points, n),
                     Batch::Random(points, n)};
  LowRankFactor factor;
  factor.factorise(model, 0.9, 1e-12);
  Batch rhs = Batch::Random(points, n), x = rhs;
  factor.solve(x);
  int definite = 0;
  for (int i = 0; i < points; ++i) {
    const Eigen::VectorXd z = model.z.row(i), g = model.gamma.row(i), q = model.q.row(i);
    Eigen::MatrixXd H = (model.diagonal.row(i) + 0.9).matrix().asDiagonal();
    H += model.zeta[i] * z * z.transpose() + g * q.transpose() + q * g.transpose();
    const bool positive = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(H).eigenvalues()[0] > 0;
    CHECK(static_cast<bool>(factor.definite()[i]) == positive);
    definite += positive;
    if (positive) CHECK((H * x.row(i).matrix().transpose() - rhs.row(i).matrix().transpose()).norm() < 1e-10);
  }
  CHECK(definite > 0);
  CHECK(definite < points);
}

TEST_CASE("proximal point of |x|^4/4 and of a non-convex cosine") {
  // x^3 + (x - c)/V = 0 in each coordinate.
  const LowRankObjective quartic = [](const Batch& x, LowRankModel& m) {
    m.value = x.pow(4).rowwise().sum() / 4;
    m.gradient = x.cube();
    m.diagonal = 3 * x.square();
    m.z = m.gamma = m.q = Batch::Zero(x.rows(), x.cols());
    m.zeta = Eigen::ArrayXd::Zero(x.rows());
  };
  const Batch centre = 5 * Batch::Random(64, 3);
  ProximalMinimum found;
  proximal_minimum(quartic, centre, 0.7, Batch::Constant(64, 3, 10), found);
  CHECK(found.converged.all());
  CHECK((found.x.cube() + (found.x - centre) / 0.7).abs().maxCoeff() < 1e-6);

  // cos(4 x) + x^2/2: minima that the start decides between; each found one has zero gradient and positive
  // curvature.
  const LowRankObjective cosine = [](const Batch& x, LowRankModel& m) {
    m.value = (4 * x).cos().rowwise().sum();
    m.gradient = -4 * (4 * x).sin();
    m.diagonal = -16 * (4 * x).cos();
    m.z = m.gamma = m.q = Batch::Zero(x.rows(), x.cols());
    m.zeta = Eigen::ArrayXd::Zero(x.rows());
  };
  const Batch zero = Batch::Zero(9, 1);
  Batch start(9, 1);
  start.col(0) = Eigen::ArrayXd::LinSpaced(9, -4.1, 3.9);
  proximal_minimum(cosine, zero, 1, start, found);
  CHECK(found.converged.all());
  CHECK((-4 * (4 * found.x).sin() + found.x).abs().maxCoeff() < 1e-9);
  CHECK((-16 * (4 * found.x).cos() + 1 > 0).all());
}

TEST_CASE("minima on kinks: soft thresholding, and the fused lasso, in closed form") {
  const auto sign = [](const Batch& x) { return Batch((x > 0).cast<double>() - (x < 0).cast<double>()); };
  const auto flat = [](const Batch& x, LowRankModel& m) {
    m.diagonal = m.z = m.gamma = m.q = Batch::Zero(x.rows(), x.cols());
    m.zeta = Eigen::ArrayXd::Zero(x.rows());
  };
  const auto everywhere = [](const LowRankObjective& f) {
    return ProximalOptions{.at_points = [f](const std::vector<Eigen::Index>&) { return f; }};
  };
  const Batch centre = 2 * Batch::Random(64, 3);
  const double V = 0.7;
  ProximalMinimum found;
  const LowRankObjective lasso = [&](const Batch& x, LowRankModel& m) {
    flat(x, m);
    m.value = x.abs().rowwise().sum();
    m.gradient = sign(x);
  };
  proximal_minimum(lasso, centre, V, centre, found, everywhere(lasso));
  const Batch threshold = sign(centre) * (centre.abs() - V).max(0);
  CHECK(found.converged.all());
  CHECK((found.x - threshold).abs().maxCoeff() < 1e-9);
  Batch response = Batch::Ones(64, 3);
  found.solve(response);
  CHECK((response - V * (centre.abs() > V).cast<double>()).abs().maxCoeff() < 1e-9);

  // |x_1 - x_2|: both meet at their mean, or each moves by V.
  const Batch pair = 2 * Batch::Random(64, 2);
  const LowRankObjective fused = [&](const Batch& x, LowRankModel& m) {
    flat(x, m);
    const Eigen::ArrayXd s = sign(x.col(0) - x.col(1)).col(0);
    m.value = (x.col(0) - x.col(1)).abs();
    m.gradient = Batch(x.rows(), 2);
    m.gradient << s, -s;
  };
  proximal_minimum(fused, pair, V, pair, found, everywhere(fused));
  const Eigen::ArrayXd gap = pair.col(0) - pair.col(1), half = sign(gap).col(0) * (gap.abs() / 2).min(V);
  CHECK(found.converged.all());
  CHECK((found.x.col(0) - (pair.col(0) - half)).abs().maxCoeff() < 1e-9);
  CHECK((found.x.col(1) - (pair.col(1) + half)).abs().maxCoeff() < 1e-9);

  // |x| where it is a number: what cannot be minimised is not said to be.
  const LowRankObjective undefined = [&](const Batch& x, LowRankModel& m) {
    lasso(x, m);
    m.value = (x.col(0) > 0.5).select(m.value, NAN), m.gradient = (x > 0.5).select(m.gradient, NAN);
  };
  proximal_minimum(undefined, Batch::Constant(4, 1, 1), V, Batch::Constant(4, 1, 1), found,
                   everywhere(undefined));
  CHECK(!found.converged.any());
}
