#include <doctest/doctest.h>

#include <Eigen/Cholesky>
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
  const std::atomic<bool> stop = true;
  CHECK(train(objective, setting.start, {}, &stop).status == TrainingStatus::interrupted);
  CHECK_THROWS_AS(static_cast<void>(train(objective, setting.start, {.gradient_tolerance = 0})),
                  InvalidInput);
  CHECK_THROWS_AS(static_cast<void>(train(objective, setting.start, {.memory = 0})), InvalidInput);
}
