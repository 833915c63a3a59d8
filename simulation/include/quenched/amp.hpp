#pragma once
#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <functional>
#include <quenched/amp_channel.hpp>
#include <quenched/sampler.hpp>

namespace quenched {

struct AmpOptions {
  /// P_a = prior_a + A_a. ERM: the ridges. Bayes: 1 for v; for k, 1 + alpha nu (spiked, whose planted token
  /// carries -nu |k|^2/(2 D) in its likelihood) or 1 (max).
  double prior_k = 1, prior_v = 1;
  /// Weight in (0, 1] of the new component of v along k, which alone is damped; it does not look at the
  /// teacher. 1 is plain AMP, where the cross overlaps, of size 1/sqrt(D), are multiplied by about -2 an
  /// iteration (spiked: the tokens' mean is a rank-one outlier that A underestimates). A weight w is stable
  /// for factors above 1 - 2/w, and the fixed points stay where they are. Projecting v on the orthogonal of k
  /// instead moves them, and fails where k*.v*/D is large: 2 samples of 6 at D = 1000 (Bayes, L = 2 nu = 2
  /// Delta = .01 alpha = 2).
  double cross = 1.0 / 3;
  double tolerance = 1e-8;  // on sqrt((|dk|^2 + |dv|^2)/(2 D)) in one iteration
  int max_iterations = 200;
  int threads = 0;
};

struct AmpState {
  Eigen::VectorXd k, v;
  double V_k = 1, V_v = 1;
  Eigen::ArrayXd g_k, g_v;  // one entry a token, in order of the tokens; empty at the start: 0
  double A_k = 0, A_v = 0;  // of the iteration that led here
};

/// One iteration (docs/equations.md, section 7), in one reading of the tokens:
///     omega = X k/sqrt(D) - V_k g_k, w = X v/sqrt(D) - V_v g_v; new g_k, g_v from the channel;
///     A_a = -(1/D) sum_il d g_a,il/d omega_a,il, P_a = prior_a + A_a, V_a = 1/P_a,
///     k <- (X^T g_k/sqrt(D) + A_k k)/P_k, v likewise; then the component of v along k is damped (`cross`).
/// Same bytes for any thread count. P <= 0 is not an error here: see V.
[[nodiscard]] AmpState amp_step(const Samples& samples, const AmpChannel& channel, const AmpState& state,
                                const AmpOptions& options);

enum class AmpStatus { not_run, converged, max_iterations, infeasible, not_finite };  // infeasible: P <= 0
struct AmpResult {
  AmpStatus status = AmpStatus::not_run;
  AmpState state;
  double change = INFINITY;  // of the last iteration, as `tolerance`
  int iterations = 0;
};

/// amp_step until the change is below the tolerance. The observer sees every state, if there is one.
/// Throws InvalidInput unless k and v have D entries, tolerance > 0, 0 < cross <= 1 and max_iterations >= 1.
[[nodiscard]] AmpResult amp(const Samples& samples, const AmpChannel& channel, AmpState start,
                            const AmpOptions& options,
                            const std::function<void(int iteration, const AmpState&)>& observer = {});

/// Measured on one sample: the matrix R_ab = alpha V_a^2 E|G_ab|_F^2 of docs/equations.md, section 5. Largest
/// eigenvalue above 1: replica symmetry fails.
struct ReplicaStability {
  Eigen::Matrix2d R = Eigen::Matrix2d::Constant(NAN);  // rows and columns: k, v
  double eigenvalue = NAN;
  double error =
      INFINITY;  // standard error over the copies; the sample's own fluctuation, ~ 1/sqrt(D), is not in it
};

/// A second copy of the state is set a random distance away in k alone, then in v alone, and both make one
/// iteration: R_ab is the squared distance in a after it over that in b before it, averaged over `copies`
/// random directions. More iterations would mix in the overlaps' own modes, which a random direction meets
/// with weight 1/D only. `distance` is the root mean square of a component: small, but where the proximal
/// point jumps R depends on it. Throws InvalidInput unless k and v have D entries, copies >= 2 and distance >
/// 0. Cost: 2 copies + 1 iterations.
[[nodiscard]] ReplicaStability replica_stability(const Samples& samples, const AmpChannel& channel,
                                                 const AmpState& state, const AmpOptions& options, int copies,
                                                 std::uint64_t key, double distance = 1e-4);

}  // namespace quenched
