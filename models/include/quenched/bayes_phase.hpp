#pragma once
#include <quenched/bayes.hpp>
#include <quenched/continuation.hpp>

namespace quenched {

enum class BayesThresholdKind {
  lower_spinodal,  // the informed branch begins
  alpha_IT,        // the free entropies of the two branches cross
  upper_spinodal   // the uninformed branch ends
};
[[nodiscard]] std::string name_of(BayesThresholdKind kind);

struct BayesThreshold {
  BayesThresholdKind kind;
  double alpha = unknown, uncertainty = unknown;  // absolute, of alpha
  double q_k = unknown, q_v = unknown;            // there; of the branch from the informed start at alpha_IT
  Certificate certificate;
};

/// A fixed point on the curve, by the coarsest rule.
struct BayesState {
  double alpha, q_k, q_v, test_error, free_entropy;
  bool stable;  // false between the spinodals: no iteration of the equations ends there
};

struct BayesPhase {
  std::vector<BayesThreshold> thresholds;  // lower_spinodal, alpha_IT, upper_spinodal of each transition
  std::vector<BayesState> curve;           // from the uninformed end at alpha_low to alpha_high
  CurveEnd end = CurveEnd::lost;           // left: it reached alpha_high
  bool stopped = false;                    // there, at the work limit
};

/// The phases of Bayes-optimal learning between two alphas (docs/equations.md, section 4): the fixed points
/// form one curve (log q_k/(1 - q_k), log q_v/(1 - q_v), log alpha), followed by pseudo-arclength
/// continuation from the uninformed one at alpha_low; where it turns back is an upper spinodal, where it
/// turns again a lower one, and between the two, in the hard phase, alpha_IT is where the free entropies of
/// the outer branches cross (d phi/d alpha = E log Z_out). The averages do not depend on alpha. Thresholds
/// are refined by finer rules until their uncertainty (of the averages, carried to first order) is below
/// options.tolerance, absolute in alpha; if it is not, or the curve is lost on its way, their verdict says
/// so. No thresholds where the curve does not turn. Throws InvalidInput unless 0 < alpha_low < alpha_high,
/// both finite, signal > 0 and noise > 0 (without noise v* is found exactly beyond some alpha, where the
/// curve ends at infinity), and as bayes() does. Cost: about 100 points of a curve, at some 20 evaluations of
/// the averages each: seconds for spiked, minutes for max, of sampled rules 10 options.work at most for the
/// curve, and as much for its thresholds.
[[nodiscard]] BayesPhase bayes_phase(const Problem& problem, double alpha_low, double alpha_high,
                                     const BayesOptions& options = {});

}  // namespace quenched
