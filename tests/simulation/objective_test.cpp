#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <quenched/invalid_input.hpp>
#include <quenched/objective.hpp>

using namespace quenched;

namespace {

const LengthLaw one_two_three = {{1, 1.0 / 3}, {2, 1.0 / 3}, {3, 1.0 / 3}};

/// The objective as it is written, one sample at a time.
double as_written(const Samples& samples, const Activation& activation, double r_k, double r_v,
                  const Eigen::VectorXd& theta) {
  const Eigen::Index D = samples.dimension;
  const Eigen::VectorXd k = theta.head(D), v = theta.tail(D);
  double total = r_k / 2 * k.squaredNorm() + r_v / 2 * v.squaredNorm();
  for (const SampleGroup& group : samples.groups)
    for (Eigen::Index i = 0; i < group.samples; ++i) {
      const Eigen::MatrixXd X =
          samples.tokens.block(0, group.first_token + i * group.length, D, group.length).cast<double>();
      const Eigen::RowVectorXd chi = k.transpose() * X / std::sqrt(double(D)),
                               z = v.transpose() * X / std::sqrt(double(D));
      Batch sigma(1, group.length);
      activation.value(chi.array(), sigma);
      total += std::pow(samples.y[group.first_sample + i] - sigma.row(0).matrix().dot(z), 2) / 2;
    }
  return total;
}

}  // namespace

TEST_CASE("the value is the formula's, the gradient its finite differences") {
  for (const char* task : {"spiked", "max"})
    for (const char* name : {"softmax", "linear"})
      for (const int D : {5, 40}) {
        const auto activation = make_activation(name);
        const Directions directions = draw_directions(D, 1);
        const Samples samples = draw_samples({make_task(task, 2), one_two_three, 0.1}, directions, 300, 2);
        const Objective objective(samples, *activation, 0.3, 0.7, 2);
        Eigen::VectorXd theta(2 * D), gradient;
        theta << directions.v_star.cast<double>() + 0.5 * directions.k_star.cast<double>(),
            0.8 * directions.v_star.cast<double>();
        const double value = objective(theta, gradient);
        CHECK(value == doctest::Approx(as_written(samples, *activation, 0.3, 0.7, theta)).epsilon(1e-12));
        CHECK(objective.train_error(value, theta) ==
              doctest::Approx(as_written(samples, *activation, 0, 0, theta) * 2 / 300).epsilon(1e-12));
        for (const int d : {0, 1, D - 1, D, D + 2, 2 * D - 1}) {
          const double h = 1e-4;
          Eigen::VectorXd up = theta, down = theta;
          up[d] += h;
          down[d] -= h;
          const double difference = (as_written(samples, *activation, 0.3, 0.7, up) -
                                     as_written(samples, *activation, 0.3, 0.7, down)) /
                                    (2 * h);
          CHECK(gradient[d] == doctest::Approx(difference).epsilon(1e-6).scale(1));
        }
      }
}

TEST_CASE("the batches add up to the objective; curvatures are sums of squared derivatives of f") {
  const int D = 20, N = 150;
  for (const char* name : {"softmax", "linear"}) {
    const auto activation = make_activation(name);
    const Directions directions = draw_directions(D, 1);
    const Samples samples = draw_samples({make_task("max", 2), one_two_three, 0.1}, directions, N, 2);
    const Objective objective(samples, *activation, 0.3, 0.7);
    const Eigen::VectorXd theta = Eigen::VectorXd::LinSpaced(2 * D, -1, 1);
    Eigen::VectorXd gradient, part, sum = Eigen::VectorXd::Zero(2 * D);
    Eigen::Array2d curvature;
    double value = 0;
    REQUIRE(objective.batches() == 3);
    for (int b = 0; b < 3; ++b) value += objective.batch(theta, b, part), sum += part;
    CHECK(objective(theta, gradient, &curvature) == doctest::Approx(value).epsilon(1e-12));
    CHECK((sum - gradient).norm() < 1e-10 * gradient.norm());

    double u2 = 0, s2 = 0;  // of f(chi, z) by differences
    for (const SampleGroup& group : samples.groups)
      for (Eigen::Index i = 0; i < group.samples; ++i) {
        const Eigen::MatrixXd X =
            samples.tokens.block(0, group.first_token + i * group.length, D, group.length).cast<double>();
        const Batch chi = (theta.head(D).transpose() * X / std::sqrt(double(D))).array(),
                    z = (theta.tail(D).transpose() * X / std::sqrt(double(D))).array();
        Batch up(1, group.length), down(1, group.length);
        activation->value(chi, up);
        s2 += up.square().sum();
        for (Eigen::Index l = 0; l < group.length; ++l) {
          Batch moved = chi;
          moved(0, l) += 1e-5;
          activation->value(moved, up);
          moved(0, l) -= 2e-5;
          activation->value(moved, down);
          u2 += std::pow(((up - down) * z).sum() / 2e-5, 2);
        }
      }
    CHECK(curvature[0] == doctest::Approx(u2 / D + 0.3).epsilon(1e-6));
    CHECK(curvature[1] == doctest::Approx(s2 / D + 0.7).epsilon(1e-9));
  }
}

TEST_CASE("tokens larger than the cache, and long prompts") {
  const auto softmax = make_activation("softmax");
  const Samples samples =
      draw_samples({make_task("spiked", 2), {{7, 0.5}, {600, 0.5}}, 0.1}, draw_directions(130, 1), 40, 2);
  const Eigen::VectorXd theta = Eigen::VectorXd::LinSpaced(260, -1, 1);
  Eigen::VectorXd gradient;
  const double value = Objective(samples, *softmax, 0.1, 0.1)(theta, gradient);
  CHECK(value == doctest::Approx(as_written(samples, *softmax, 0.1, 0.1, theta)).epsilon(1e-12));
}

TEST_CASE("the same bytes for 1 and 3 threads") {
  const auto softmax = make_activation("softmax");
  const Samples samples =
      draw_samples({make_task("max", 2), one_two_three, 0.1}, draw_directions(70, 1), 5000, 2);
  const Eigen::VectorXd theta = Eigen::VectorXd::LinSpaced(140, -1, 1);
  Eigen::VectorXd one, three;
  CHECK(Objective(samples, *softmax, 0.1, 0.1, 1)(theta, one) ==
        Objective(samples, *softmax, 0.1, 0.1, 3)(theta, three));
  CHECK(one == three);
}

TEST_CASE(
    "error on new samples: the zero predictor scores 1 + Delta, the teacher's own v only Delta at L = 1") {
  const auto softmax = make_activation("softmax");
  const Directions directions = draw_directions(60, 4);
  const Problem problem{make_task("spiked", 0), {{1, 1.0}}, 0.3};
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(60), v_star = directions.v_star.cast<double>();
  const MeanAndError nothing = squared_error(problem, directions, *softmax, zero, zero, 40000, 5);
  const MeanAndError perfect = squared_error(problem, directions, *softmax, zero, v_star, 40000, 5);
  CHECK(std::abs(nothing.mean - 1.3) < 4.5 * nothing.error);
  CHECK(nothing.error == doctest::Approx(1.3 * std::sqrt(2.0 / 40000)).epsilon(0.1));
  CHECK(std::abs(perfect.mean - 0.3) < 4.5 * perfect.error);
  const MeanAndError again = squared_error(problem, directions, *softmax, zero, v_star, 40000, 5, 3);
  CHECK(again.mean == perfect.mean);
}

TEST_CASE("a ridge must be finite and not negative") {
  const Samples samples;
  const auto softmax = make_activation("softmax");
  CHECK_THROWS_AS(Objective(samples, *softmax, -1, 0), InvalidInput);
  CHECK_THROWS_AS(Objective(samples, *softmax, 0, std::numeric_limits<double>::infinity()), InvalidInput);
  CHECK_THROWS_AS(Objective(samples, *softmax, std::nan(""), 0), InvalidInput);
}
