#include <Eigen/Core>
#include <cmath>
#include <mutex>
#include <quenched/glm_simulate.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/parallel.hpp>

#include "glm_trainer.hpp"
#include "seed_statistics.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
using Eigen::VectorXd;

enum GlmStream : std::uint64_t {
  truth_stream,
  inputs_stream,
  labels_stream,
  test_inputs_stream,
  test_labels_stream
};

constexpr double GlmMeasurements::*glm_figures[] = {
    &GlmMeasurements::m,          &GlmMeasurements::q,           &GlmMeasurements::test_error,
    &GlmMeasurements::sign_error, &GlmMeasurements::train_error, &GlmMeasurements::train_loss,
    &GlmMeasurements::energy};

MatrixXd normals(Eigen::Index rows, Eigen::Index cols, std::uint64_t key) {
  Eigen::MatrixXf drawn(rows, cols);
  NormalStream(key).fill(drawn.data(), drawn.size());
  return drawn.cast<double>();
}

void check(const GlmSimulateSpecification& s) {
  check(*s.teacher, *s.loss);
  const auto refuse = [](const char* key, double value, const char* rule) {
    throw InvalidInput(key, std::to_string(value), rule);
  };
  if (s.dimension < 2) refuse("dimension", s.dimension, "needs at least 2");
  if (!(s.alpha > 0) || !(s.alpha * s.dimension < 1e9)) refuse("alpha", s.alpha, "needs a finite number > 0");
  if (s.alpha * s.dimension < 0.5) refuse("alpha", s.alpha, "needs at least one sample, alpha D >= 1/2");
  if (!(s.ridge > 0) || std::isinf(s.ridge))
    refuse("ridge", s.ridge, "needs a finite number > 0 for training");
  if (s.seeds < 2) refuse("seeds", s.seeds, "needs at least 2");
}

/// Frequencies of y != sign z and of sign z* != sign z over fresh fields, Gaussian of covariance (rho, m, q).
void test(const GlmSimulateSpecification& s, std::uint64_t seed, GlmMeasurements& at) {
  const double rho = s.teacher->strength();
  const double of_truth = std::sqrt(rho), along = at.m / of_truth,
               across = std::sqrt(std::max(0.0, at.q - along * along));
  const MatrixXd x = normals(2, s.test_samples, stream_key(seed, test_inputs_stream));
  std::mt19937_64 rng(stream_key(seed, test_labels_stream));
  for (Eigen::Index i = 0; i < x.cols(); ++i) {
    const double z_star = of_truth * x(0, i), z = along * x(0, i) + across * x(1, i);
    at.test_error += s.teacher->draw(z_star, rng) * z < 0;
    at.sign_error += z_star * z < 0;
  }
  at.test_error /= s.test_samples, at.sign_error /= s.test_samples;
}

GlmMeasurements run_seed(const GlmSimulateSpecification& s, std::uint64_t seed, bool& converged) {
  const Eigen::Index D = s.dimension, N = std::llround(s.alpha * s.dimension);
  const auto d = static_cast<double>(D), rho = s.teacher->strength();
  VectorXd k_star = normals(D, 1, stream_key(seed, truth_stream));
  k_star *= std::sqrt(rho * d) / k_star.norm();
  const MatrixXd X = normals(D, N, stream_key(seed, inputs_stream)) / std::sqrt(d);  // samples are columns
  std::mt19937_64 rng(stream_key(seed, labels_stream));
  const ArrayXd y =
      (X.transpose() * k_star).array().unaryExpr([&](double z) { return s.teacher->draw(z, rng); });
  const GlmTraining trained = glm_train(X, y, *s.loss, s.ridge);
  converged = trained.converged;

  const VectorXd& k = trained.k;
  const ArrayXd z = X.transpose() * k;
  const bool labels = s.teacher->info().labels;
  GlmMeasurements at;
  at.m = k.dot(k_star) / d, at.q = k.squaredNorm() / d;
  at.energy = trained.objective / d;
  at.train_loss = (trained.objective - s.ridge * k.squaredNorm() / 2) / static_cast<double>(N);
  at.train_error = labels ? (y * z < 0).cast<double>().mean() : (y - z).square().mean();
  if (labels) test(s, seed, at);
  if (!labels) at.test_error = s.teacher->noise() + (k - k_star).squaredNorm() / d;
  return at;
}

}  // namespace

GlmSimulateResult glm_simulate(const GlmSimulateSpecification& s,
                               const std::function<void(int done, int total)>& progress) {
  check(s);
  const auto count = static_cast<std::size_t>(s.seeds);
  std::vector<GlmMeasurements> seeds(count);
  std::vector<char> reached(count);
  std::mutex progress_mutex;
  int done = 0;
  parallel_for(s.seeds, s.threads, [&](int i) {
    const auto at = static_cast<std::size_t>(i);
    bool converged = false;
    seeds[at] = run_seed(s, s.first_seed + at, converged);
    reached[at] = converged;
    const std::lock_guard lock(progress_mutex);
    if (progress) progress(++done, s.seeds);
  });
  GlmSimulateResult result;
  result.samples = std::llround(s.alpha * s.dimension);
  for (const char converged : reached) result.converged += converged;
  mean_and_standard_error(seeds, glm_figures, result.mean, result.standard_error);
  return result;
}

}  // namespace quenched
