#pragma once
#include <quenched/activation.hpp>
#include <quenched/certificate.hpp>
#include <quenched/task.hpp>

namespace quenched {

struct PopulationOptions {
  double tolerance = 1e-4;  // absolute target for the error of the risk
  int threads = 0;
};

/// A risk less the noise, with its error. `log` is its logarithm where that is known better: it holds below
/// the range of a double too.
struct Excess {
  double value = unknown, error = unknown, log = unknown, log_error = unknown;
};

/// Risk at infinite alpha, minimised over the overlaps on the manifold m_kv = m_vk = q_kv = 0, with q_k =
/// m_k^2 at the minimum of all activations considered unless found otherwise.
struct PopulationResult {
  double test_error = unknown;  // E (y - f)^2, Delta included
  double m_k = unknown, q_k = unknown, m_v = unknown,
         q_v = unknown;         // NaN when the minimum is only an infimum
  double parameter = unknown;   // the best one, of a family whose parameter was left open (erf: its offset)
  bool infimum = false;         // approached as m_k grows without bound: no finite scale is reported
  double bayes_risk = unknown;  // Delta included
  Excess excess, bayes_excess;  // the same without Delta, never the difference of two nearly equal numbers
                                // where softmax's is exponentially small
  struct {
    double test_error = unknown, bayes_risk = unknown;
  } uncertainty;
  Certificate certificate;
};

/// 1 + Delta - (E sigma_eps)^2/E|sigma|^2, minimised over m_k at q_k = m_k^2 (docs/equations.md, section 3),
/// after which q_k > m_k^2 is tried: the residual is what it would gain, beyond its error (NaN: untried, L >
/// 32). Softmax is Bayes-optimal, by theorem. Normalisation: |k*|^2 = |v*|^2 = D; no factor 1/2. Errors: the
/// change from a coarser rule, or twice the standard error over 16 scramblings (tensor rules stop at L = 3;
/// elementwise activations need one dimension for any L). A missed tolerance is a verdict; throws
/// InvalidInput unless the tolerance is > 0 and the problem passes `check`. Cost: softmax 10 ms; elementwise
/// 10 ms; others about 0.2 s (tensor) to 1 s (sampled).
[[nodiscard]] PopulationResult population(const Problem& problem, const Activation& activation,
                                          const PopulationOptions& options = {});

/// E|p|^2 lost: 1 - E|p|^2 with p = softmax(c_nu chi*), the excess Bayes risk at infinite alpha, without
/// cancellation when it is exponentially small (relative error below 1e-10; the logarithm up to nu = 5000).
/// Any L up to 10^5; 0 for max at nu = infinity. Cost: 10 ms.
[[nodiscard]] Excess bayes_excess_risk(const Problem& problem);

/// (m_v, q_v optimal) risk at given overlaps on the manifold: 1 + Delta - 2 m_v E sigma_eps + q_v E|sigma|^2.
/// By scrambled Sobol points in L dimensions, up to 2^20 of them; error: twice the standard error over 16
/// scramblings. Throws InvalidInput unless q_k >= m_k^2 and q_v >= m_v^2.
[[nodiscard]] Excess population_risk(const Problem& problem, const Activation& activation, double m_k,
                                     double q_k, double m_v, double q_v,
                                     const PopulationOptions& options = {});

}  // namespace quenched
