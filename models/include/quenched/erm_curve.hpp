#pragma once
#include <quenched/continuation.hpp>
#include <quenched/erm.hpp>
#include <vector>

namespace quenched {

struct ErmState {
  double alpha = unknown;
  ErmResult
      solution;    // with its errors at this alpha, which diverge at a fold; without branches and symmetry
  int branch = 0;  // 0 from the large alphas on, one more past every fold
};

struct ErmSpinodal {
  double alpha = unknown, uncertainty = unknown;  // the change from a coarser rule
  OrderParameters overlaps;
};

struct ErmCurve {
  std::vector<ErmState> states;
  std::vector<ErmSpinodal> spinodals;
  CurveEnd end = CurveEnd::lost;
  bool stopped = false;  // there, at the work limit
};

/// The replica-symmetric fixed points of docs/equations.md (5.1) that hang together with the informed one at
/// alpha = high, followed in alpha down to `low` through their folds by pseudo-arclength continuation, and
/// the folds (spinodals), each by two resolutions. Coordinates (m, log(q - m^2), log V) of k and of v, and
/// log alpha. It says nothing of fixed points apart from that curve, and ends as `lost` where a rule is not
/// smooth (sampled rules) or q = m^2 (L = 1). Throws InvalidInput unless 0 < low < high, and as erm() does.
/// Cost: 40 evaluations of the channel a state; 10 CPU seconds for linear attention, minutes for softmax at L
/// = 3, of sampled rules 10 options.work at most to follow the curve, and as much for the errors on it.
[[nodiscard]] ErmCurve erm_curve(const Problem& problem, const Activation& activation, double ridge_k,
                                 double ridge_v, double low, double high, const ErmOptions& options = {});

}  // namespace quenched
