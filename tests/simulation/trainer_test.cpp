#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/trainer.hpp>

using namespace quenched;

namespace {

/// 1 + chi_l with what a test wants wrong: a derivative of the wrong sign, or a value that is not a number.
class Broken final : public Activation {
 public:
  Broken(double slope, double offset) : slope_(slope), offset_(offset) {}
  const ActivationInfo& info() const override {
    static const ActivationInfo info{.name = "broken", .formula = "1 + chi_l", .source = "tests"};
    return info;
  }
  void value(const Batch& chi, Batch& sigma) const override { sigma = offset_ + chi; }
  void jet(const Batch& chi, ActivationJet& jet) const override {
    value(chi, jet.s);
    jet.b = Batch::Constant(chi.rows(), chi.cols(), slope_);
    jet.p = jet.q = jet.c = Batch::Zero(chi.rows(), chi.cols());
  }
  void curvature(const ActivationJet&, const Batch&, Batch&, Batch&) const override {}

 private:
  double slope_, offset_;
};

struct Setting {
  Directions directions = draw_directions(60, 1);
  Samples samples = draw_samples({make_task("spiked", 2), {{2, 1.0}}, 0.1}, directions, 240, 2);
  Eigen::VectorXd start = training_start(directions, {}, 0);
};

}  // namespace

TEST_CASE("L = 1 softmax is ridge regression: the trainer finds Cholesky's solution from every start") {
  const int D = 80;
  const double r_v = 0.5;
  const Directions directions = draw_directions(D, 1);
  const Samples samples = draw_samples({make_task("spiked", 2), {{1, 1.0}}, 0.1}, directions, 160, 2);
  const Eigen::MatrixXd X = samples.tokens.topRows(D).cast<double>().transpose() / std::sqrt(double(D));
  const Eigen::MatrixXd A = X.transpose() * X + r_v * Eigen::MatrixXd::Identity(D, D);
  const Eigen::VectorXd v = A.llt().solve(X.transpose() * samples.y.matrix());
  const double energy = (samples.y.matrix() - X * v).squaredNorm() / 2 + r_v / 2 * v.squaredNorm();

  const auto softmax = make_activation("softmax");
  const Objective objective(samples, *softmax, 0.2, r_v);
  for (const auto start : {TrainingStart::informed, TrainingStart::random, TrainingStart::small}) {
    const TrainingOptions options{.start = start, .gradient_tolerance = 5e-8};
    const TrainingResult trained = train(objective, training_start(directions, options, 3), options);
    CHECK(trained.status == TrainingStatus::converged);
    CHECK(trained.gradient_norm <= 5e-8);
    // Each half is strongly convex by its ridge: |error| <= |gradient|/r.
    CHECK(trained.theta.head(D).norm() <= 5e-8 * std::sqrt(double(D)) / 0.2);
    CHECK((trained.theta.tail(D) - v).norm() <= 5e-8 * std::sqrt(double(D)) / r_v);
    CHECK(trained.objective == doctest::Approx(energy).epsilon(1e-12));
  }
}

/// theta after n steps of v -= P (A v - b), where A's eigenvectors diagonalise it: in closed form.
static Eigen::VectorXd after(int n, double rate, const Eigen::MatrixXd& A, const Eigen::VectorXd& solution,
                             const Eigen::VectorXd& start) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(A);
  const Eigen::MatrixXd& Q = eigen.eigenvectors();
  const Eigen::ArrayXd factor = (1 - rate * eigen.eigenvalues().array()).pow(n);
  return solution + Q * (factor * (Q.transpose() * (start - solution)).array()).matrix();
}

TEST_CASE("descents on ridge regression (L = 1): every step in closed form; adam comes to the same minimum") {
  const int D = 50, N = 150;
  const double r_k = 0.2, r_v = 0.5;
  const Directions directions = draw_directions(D, 1);
  const Samples samples = draw_samples({make_task("spiked", 2), {{1, 1.0}}, 0.1}, directions, N, 2);
  const Eigen::MatrixXd X = samples.tokens.topRows(D).cast<double>().transpose() / std::sqrt(double(D));
  const Eigen::MatrixXd A = X.transpose() * X + r_v * Eigen::MatrixXd::Identity(D, D);
  const Eigen::VectorXd v = A.llt().solve(X.transpose() * samples.y.matrix());
  const auto softmax = make_activation("softmax");
  const Objective objective(samples, *softmax, r_k, r_v);
  const Eigen::VectorXd start = training_start(directions, {.start = TrainingStart::random}, 3);

  TrainingOptions options{.trainer = Trainer::gradient_descent, .learning_rate = 0.2, .epochs = 7};
  const TrainingResult plain = train(objective, start, options);
  CHECK(plain.status == TrainingStatus::finished);
  const double rate = 0.2 * D / N;
  CHECK((plain.theta.head(D) - std::pow(1 - rate * r_k, 7) * start.head(D)).norm() < 1e-9);
  CHECK((plain.theta.tail(D) - after(7, rate, A, v, start.tail(D))).norm() < 1e-9);

  options.trainer = Trainer::preconditioned_descent;  // u = 0, |sigma|^2 = 1
  const TrainingResult scaled = train(objective, start, options);
  CHECK((scaled.theta.head(D) - std::pow(1 - 0.2, 7) * start.head(D)).norm() < 1e-9);
  CHECK((scaled.theta.tail(D) - after(7, 0.2 / (double(N) / D + r_v), A, v, start.tail(D))).norm() < 1e-9);

  options.epochs = 0;
  const TrainingResult converged = train(objective, start, options);
  CHECK(converged.status == TrainingStatus::converged);
  CHECK((converged.theta.tail(D) - v).norm() <= 1e-6 * std::sqrt(double(D)) / r_v);
  options.learning_rate = 1e3;
  CHECK(train(objective, start, options).status == TrainingStatus::not_finite);

  const TrainingResult adam = train(objective, start, {.trainer = Trainer::adam, .epochs = 400});
  CHECK(adam.status == TrainingStatus::finished);
  CHECK((adam.theta.tail(D) - v).norm() < 0.01 * v.norm());
  CHECK(adam.objective < converged.objective * 1.0001);
}

TEST_CASE("sgd: a step a sample, on a sample alone in closed form; every sample once an epoch") {
  const Directions directions = draw_directions(40, 1);
  const Samples samples = draw_samples({make_task("spiked", 2), {{1, 1.0}}, 0.1}, directions, 1, 2);
  const auto softmax = make_activation("softmax");
  const Eigen::VectorXd start = training_start(directions, {.start = TrainingStart::random}, 3);
  const TrainingResult one =
      train(Objective(samples, *softmax, 0.2, 0.5), start, {.trainer = Trainer::sgd, .learning_rate = 0.3});
  const Eigen::VectorXd x = samples.tokens.col(0).head(40).cast<double>() / std::sqrt(40.0);
  const double r = samples.y[0] - x.dot(start.tail(40));
  CHECK((one.theta.head(40) - (1 - 0.3 * 0.2) * start.head(40)).norm() < 1e-9);  // r_k D/N over D, N = 1
  CHECK((one.theta.tail(40) - (1 - 0.3 * 0.5) * start.tail(40) - 0.3 * r * x).norm() < 1e-9);

  const Setting setting;
  const Objective objective(setting.samples, *softmax, 0.1, 0.1);
  const TrainingResult two = train(objective, setting.start, {.trainer = Trainer::sgd, .epochs = 2});
  CHECK(two.iterations == 480);
  CHECK(two.theta == train(objective, setting.start, {.trainer = Trainer::sgd, .epochs = 2}).theta);
  CHECK(two.theta != train(objective, setting.start, {.trainer = Trainer::sgd, .epochs = 2, .key = 5}).theta);
}

TEST_CASE("adam and preconditioned descent come down to the minimum of L-BFGS (softmax, L = 2)") {
  const Setting setting;
  const auto softmax = make_activation("softmax");
  const Objective objective(setting.samples, *softmax, 0.5, 0.5);
  const double lowest = train(objective, setting.start).objective;
  for (const Trainer trainer : {Trainer::gradient_descent, Trainer::preconditioned_descent, Trainer::adam}) {
    const TrainingResult trained = train(objective, setting.start, {.trainer = trainer});
    CHECK(trained.objective < lowest * 1.001);
    CHECK(trained.objective > lowest * (1 - 1e-9));
  }
}

TEST_CASE("trainers are named with their learning rates") {
  CHECK(trainer_named("l-bfgs").trainer == Trainer::l_bfgs);
  CHECK(trainer_named("adam:0.02").learning_rate == 0.02);
  CHECK(trainer_named("sgd").learning_rate == 0);
  for (const char* wrong :
       {"", "bfgs", "adam:", "adam:0", "adam:-1", "adam:inf", "adam:nan", "sgd:1x", "l-bfgs:1"})
    CHECK_THROWS_AS(static_cast<void>(trainer_named(wrong)), InvalidInput);
}

TEST_CASE("starts: their scales, and reproducible") {
  const Directions directions = draw_directions(5000, 1);
  const Eigen::VectorXd informed = training_start(directions, {.start_scale = 0.5}, 7);
  CHECK((informed.head(5000) - 0.5 * directions.k_star.cast<double>()).norm() < 1e-12);
  const TrainingOptions small{.start = TrainingStart::small}, random{.start = TrainingStart::random};
  CHECK(training_start(directions, small, 7).squaredNorm() / 10000 == doctest::Approx(1e-4).epsilon(0.07));
  CHECK(training_start(directions, random, 7).squaredNorm() / 10000 == doctest::Approx(1).epsilon(0.07));
  CHECK(training_start(directions, random, 7) == training_start(directions, random, 7));
  CHECK(training_start(directions, random, 7) != training_start(directions, random, 8));
  CHECK_THROWS_AS(static_cast<void>(training_start(directions, {.start_scale = -1}, 7)), InvalidInput);
}

TEST_CASE("a wrong derivative makes the line search fail: reported, and the lowest point kept") {
  const Setting setting;
  const Broken broken(-1, 1);
  const Objective objective(setting.samples, broken, 0.1, 0.1);
  const TrainingResult trained = train(objective, setting.start);
  CHECK(trained.status == TrainingStatus::line_search);
  CHECK(trained.gradient_norm > 1e-6);
  Eigen::VectorXd gradient;
  CHECK(objective(trained.theta, gradient) == trained.objective);
  CHECK(gradient.norm() / std::sqrt(60.0) == doctest::Approx(trained.gradient_norm));
  CHECK(trained.objective <= objective(setting.start, gradient));
}

TEST_CASE("not a number at the start, a spent budget and an interrupt are told apart") {
  const Setting setting;
  const Broken nan(1, std::nan(""));
  CHECK(train(Objective(setting.samples, nan, 0.1, 0.1), setting.start).status == TrainingStatus::not_finite);
  const auto softmax = make_activation("softmax");
  const Objective objective(setting.samples, *softmax, 0.1, 0.1);
  const TrainingResult cut = train(objective, setting.start, {.max_evaluations = 5});
  CHECK(cut.status == TrainingStatus::max_evaluations);
  CHECK(cut.evaluations == 5);
  CHECK(cut.theta.size() == 120);
  const TrainingResult asked = train(objective, setting.start, {.epochs = 5});
  CHECK(asked.status == TrainingStatus::finished);
  CHECK(asked.evaluations == 5);
  CHECK(asked.theta == cut.theta);
  const std::atomic<bool> stop = true;
  for (const Trainer trainer : {Trainer::l_bfgs, Trainer::gradient_descent, Trainer::adam, Trainer::sgd})
    CHECK(train(objective, setting.start, {.trainer = trainer}, {.stop = &stop}).status ==
          TrainingStatus::interrupted);
  CHECK_THROWS_AS(static_cast<void>(train(objective, setting.start, {.gradient_tolerance = 0})),
                  InvalidInput);
  CHECK_THROWS_AS(static_cast<void>(train(objective, setting.start, {.memory = 0})), InvalidInput);
}
