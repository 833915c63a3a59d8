#include <doctest/doctest.h>

#include <Eigen/LU>
#include <quenched/glm_simulate.hpp>
#include <quenched/invalid_input.hpp>
#include <random>

#include "glm_trainer.hpp"

using namespace quenched;

/// D x N inputs and labels of a linear rule, real or in {-1, 1}.
struct Data {
  Eigen::MatrixXd X;
  Eigen::ArrayXd y;
  explicit Data(bool labels) : X(20, 45), y(45) {
    std::mt19937_64 rng(3);
    std::normal_distribution<double> normal;
    for (double& x : X.reshaped()) x = normal(rng) / std::sqrt(20.0);
    for (Eigen::Index i = 0; i < y.size(); ++i) {
      y[i] = 2 * X.col(i).sum() + normal(rng);
      if (labels) y[i] = y[i] >= 0 ? 1 : -1;
    }
  }
};

TEST_CASE("square loss: the trained k solves the normal equations") {
  const Data data(false);
  const GlmTraining trained = glm_train(data.X, data.y, *make_loss("square"), 0.3);
  const Eigen::MatrixXd A = data.X * data.X.transpose() + 0.3 * Eigen::MatrixXd::Identity(20, 20);
  const Eigen::VectorXd exact = A.lu().solve(data.X * data.y.matrix());
  CHECK(trained.converged);
  CHECK((trained.k - exact).norm() < 1e-6);
}

TEST_CASE("a loss with a corner: its dual ends where the primal is lowest") {
  // the absolute loss is the limit of delta^-1 times Huber's, which L-BFGS minimises
  const Data data(false);
  const double delta = 1e-3, ridge = 0.3;
  const GlmTraining corner = glm_train(data.X, data.y, *make_loss("absolute"), ridge);
  const GlmTraining smooth = glm_train(data.X, data.y, *make_loss("huber:0.001"), ridge * delta);
  CHECK(corner.converged);
  CHECK(std::abs(smooth.objective / delta - corner.objective) < 45 * delta / 2 + 1e-4);
  CHECK((smooth.k - corner.k).norm() < 0.05);
  const Data labels(true);
  const GlmTraining hinge = glm_train(labels.X, labels.y, *make_loss("hinge"), ridge);
  CHECK(hinge.converged);
  std::mt19937_64 rng(5);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 200; ++trial) {  // no direction leads down
    Eigen::VectorXd k = hinge.k;
    for (double& x : k) x += 0.02 * normal(rng);
    const Eigen::ArrayXd u = labels.y * (labels.X.transpose() * k).array();
    CHECK((1 - u).max(0.0).sum() + ridge * k.squaredNorm() / 2 > hinge.objective - 1e-4);
  }
}

TEST_CASE("the same bytes at any thread count") {
  GlmSimulateSpecification s{.teacher = make_teacher("logistic", 1, 0),
                             .loss = make_loss("hinge"),
                             .dimension = 50,
                             .seeds = 4,
                             .threads = 1,
                             .test_samples = 1000};
  const GlmSimulateResult one = glm_simulate(s);
  s.threads = 3;
  CHECK(glm_simulate(s).mean.energy == one.mean.energy);
}

TEST_CASE("what cannot be trained") {
  GlmSimulateSpecification s{.teacher = make_teacher("linear", 1, 0.1), .loss = make_loss("square")};
  s.ridge = 0;
  CHECK_THROWS_AS((void)glm_simulate(s), InvalidInput);
  s.ridge = 1, s.loss = make_loss("hinge");
  CHECK_THROWS_AS((void)glm_simulate(s), InvalidInput);
  s.loss = make_loss("square"), s.dimension = 1;
  CHECK_THROWS_AS((void)glm_simulate(s), InvalidInput);
}

TEST_CASE("training ends where rounding hides the objective's descent") {
  for (const std::uint64_t first : {5u, 11u}) {  // L-BFGS alone went on for ever
    const GlmSimulateResult r = glm_simulate({.teacher = make_teacher("linear", 1, 0.5),
                                              .loss = make_loss("square"),
                                              .dimension = first == 5 ? 100 : 50,
                                              .alpha = 6,
                                              .ridge = 0.5,
                                              .seeds = 2,
                                              .first_seed = first});
    CHECK(r.converged == 2);
  }
}
