#pragma once
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace quenched {

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// In the order in which they apply: the first that holds is the verdict.
enum class Verdict {
  not_converged,
  under_resolved,
  broken_symmetry,
  unstable,
  jumps,
  marginal,
  metastable,
  trusted
};
[[nodiscard]] std::string name_of(Verdict verdict);

/// How far a solution can be trusted. Born pessimistic; NaN means unknown.
struct Certificate {
  bool converged = false;
  double residual = INFINITY;
  int iterations = 0;
  std::string integration_rule;        // which rule was taken, with how many points
  double integration_error = unknown;  // largest estimated absolute error of a reported number
  double stability_eigenvalue = unknown, stability_error = unknown;
  double symmetry_eigenvalue = unknown,
         symmetry_error = unknown;  // real part, in the sector of the cross overlaps
  std::optional<bool> stable;
  double jump_weight = unknown, jump_weight_error = unknown;
  double jump_weight_direct = unknown,
         jump_weight_direct_error = unknown;  // the same from the jumps themselves
  double jump_share = unknown;                // jump_weight |Vhat_k V_k|: of 1/V_k = ridge_k + Vhat_k
  double competing = unknown;  // share of samples where a second local minimum of the proximal step competes
  Verdict verdict = Verdict::not_converged;
  std::string advice;
};

/// The largest jump weight that still counts as trusted: half of the smallest at which simulation was seen to
/// depart with a stable smooth part (docs/stability.md).
inline constexpr double jump_threshold = 0.1;
/// The same for the share: Vhat_k may pass through 0, where a weight relative to it means nothing.
inline constexpr double jump_share_threshold = 0.011;

/// The jump weight by the sharper of its two measures, and its error.
struct JumpWeight {
  double value, error;
};
[[nodiscard]] JumpWeight sharpest_jump_weight(const Certificate& certificate);
/// By how much both the weight, with its error added, and the share exceed their thresholds, relative to
/// them: negative where either stays below.
[[nodiscard]] double jump_excess(const Certificate& certificate);
/// Whether both exceed their thresholds; empty where the errors do not tell.
[[nodiscard]] std::optional<bool> jumps_matter(const Certificate& certificate);

/// Replica symmetry is stable beyond doubt: the eigenvalue below 1, and few jumps, whose response it misses.
[[nodiscard]] bool vouched_stable(const Certificate& certificate);

/// Above it `quenched rsb` is worth trying though replica symmetry is trusted: jumps split the states a
/// little, below it by less than 1e-3 in the test error (docs/beyond-rs.md).
inline constexpr double split_threshold = 0.05;
/// Beyond replica symmetry there may be another solution: it is not vouched stable, or the jump weight
/// exceeds split_threshold.
[[nodiscard]] bool may_split(const Certificate& certificate);

struct VerdictInputs {
  bool reached = false;     // the fixed point was reached
  double error = INFINITY;  // largest uncertainty
  double tolerance = 1e-4;
  bool stopped = false;        // at the work limit, before all that the verdict needs was known
  bool better_branch = false;  // another branch has lower energy (ERM) or larger free entropy (Bayes)
};
/// Fills verdict, stable and advice from the figures in the certificate.
void judge(Certificate& certificate, const VerdictInputs& inputs);

}  // namespace quenched
