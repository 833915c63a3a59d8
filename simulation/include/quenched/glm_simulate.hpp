#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>
#include <vector>

namespace quenched {

struct GlmSimulateSpecification {
  std::shared_ptr<const Teacher> teacher;
  std::shared_ptr<const Loss> loss;
  int dimension = 500;  // D
  double alpha = 2;     // N = round(alpha D) samples
  double ridge = 0.1;
  int seeds = 8;
  std::uint64_t first_seed = 1;  // each draws k*, data and the test
  int threads = 0;               // 0: all cores. The result does not depend on it
  int test_samples = 1 << 18;    // for test_error of labels in {-1, 1}
};

/// On a trained k; the names are those of docs/glm.md. For real labels test_error = Delta + |k - k*|^2/D,
/// exact for Gaussian inputs, and sign_error is 0; for labels in {-1, 1} both are frequencies over fresh
/// fields.
struct GlmMeasurements {
  double m = 0, q = 0, test_error = 0, sign_error = 0, train_error = 0, train_loss = 0, energy = 0;
};

struct GlmSimulateResult {
  GlmMeasurements mean, standard_error;  // over the seeds
  std::int64_t samples = 0;              // N
  int converged = 0;                     // how many seeds reached the minimum
};

/// Draws x ~ N(0, I_D), |k*|^2 = D rho, labels of the teacher, and minimises
///     sum_i ell_i(x_i.k/sqrt(D)) + (ridge/2)|k|^2
/// at finite D: by L-BFGS, until |gradient| <= 1e-7 sqrt(D); a loss with a corner through its dual, a
/// quadratic over a box, by coordinate descent until the duality gap is below 1e-6 N. Knows none of the
/// asymptotic equations. Same bytes for any thread count. Throws InvalidInput (dimension, alpha, ridge > 0,
/// seeds >= 2). Cost: some hundred products with X a seed.
[[nodiscard]] GlmSimulateResult glm_simulate(const GlmSimulateSpecification& specification,
                                             const std::function<void(int done, int total)>& progress = {});

}  // namespace quenched
