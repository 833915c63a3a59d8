#pragma once
#include <Eigen/Core>
#include <optional>
#include <quenched/certificate.hpp>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>
#include <string>

/// Ridge-regularised and Bayes-optimal generalised linear models: x ~ N(0, I_D), z* = x.k*/sqrt(D), |k*|^2 =
/// D rho, N = alpha D labels of a teacher P(y|z*) (docs/glm.md).
namespace quenched {

struct GlmOptions {
  double tolerance = 1e-4;              // target for the largest uncertainty, relative to max(1, |value|)
  std::optional<Eigen::Vector3d> from;  // (m, q, V) of a neighbour on the curve
};

/// m = k.k*/D, q = |k|^2/D, V. For labels in {-1, 1}: test_error = P(y != sign z), sign_error =
/// P(sign z* != sign z), train_error likewise; for real labels E(y - z)^2, noise included, and no sign_error.
struct GlmFigures {
  double m = unknown, q = unknown, V = unknown;
  double test_error = unknown, sign_error = unknown, train_error = unknown;
  double train_loss = unknown, energy = unknown;  // mean loss; objective/D
};

/// Below `alpha` the loss has no unique finite minimiser without a ridge: the data can be interpolated
/// (`kind` = interpolation) or separated (separability). Infinite where they always can.
struct GlmThreshold {
  std::string kind;
  double alpha = unknown, uncertainty = unknown;
};

struct GlmResult : GlmFigures {
  GlmFigures uncertainty;  // estimated absolute errors
  GlmThreshold threshold;
  Certificate certificate;
};

/// sum_i ell + (ridge/2)|k|^2 at its minimum, replica symmetric (docs/glm.md, section 3): exact, since
/// convex. ridge = 0 is allowed: below the threshold the verdict is not_converged, and the advice says why.
/// Throws InvalidInput unless alpha > 0, ridge >= 0, tolerance > 0, all finite; key `loss` for a loss of
/// margins with a teacher of real labels. Cost: a few milliseconds.
[[nodiscard]] GlmResult glm(const Teacher& teacher, const Loss& loss, double alpha, double ridge,
                            const GlmOptions& options = {});

/// The posterior mean under the prior k* ~ N(0, rho I): m = q, V = rho - q (docs/glm.md, section 4).
[[nodiscard]] GlmResult glm_bayes(const Teacher& teacher, double alpha, const GlmOptions& options = {});

/// Candes and Sur's separability threshold for a loss of margins; 1 for a loss of residuals.
[[nodiscard]] GlmThreshold glm_threshold(const Teacher& teacher, const Loss& loss);

/// The least test error that the field z* itself reaches: Delta, or P(y != sign z*).
[[nodiscard]] double least_test_error(const Teacher& teacher);

struct GlmOptimalRidge {
  double ridge = unknown;
  GlmResult result;
  bool at_bound = false;  // on the edge of the range searched
  bool flat = false;      // a factor e in the ridge changes the test error by less than 1e-4
};

/// The ridge that minimises the test error in [1e-4, 1e4]: a coarse scan of its logarithm, then Brent's
/// method. `from`: the ridge of a neighbour on the curve, instead of the scan. Throws as glm(). Cost: some 20
/// solutions.
[[nodiscard]] GlmOptimalRidge glm_optimal_ridge(const Teacher& teacher, const Loss& loss, double alpha,
                                                const GlmOptions& options = {},
                                                std::optional<double> from = {});

}  // namespace quenched
