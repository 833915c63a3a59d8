#pragma once
#include <optional>
#include <quenched/certificate.hpp>
#include <quenched/task.hpp>
#include <string>
#include <vector>

namespace quenched {

/// What a point may cost: some 20 seconds of one core.
inline constexpr double default_work = 1e9;

enum class Start { informed, uninformed };

struct BayesOptions {
  double tolerance = 1e-4;  // target for the error of q_k, q_v and the test error
  int points = 0;  // of the sampled rule, in all; 0: doubled until the tolerance is met or 2^20 are spent
  bool sampled = false;  // sample everything, where a rule does better, to check it
  std::uint64_t seed = 1;
  int threads = 0;
  double work = default_work;  // of the sampled rule, in units of about 20 ns, half of it for the solution
  std::optional<Eigen::Vector2d> from;  // (q_k, q_v) of a neighbour on the curve; empty: the start
};

/// A fixed point, its free entropy by the coarsest rule.
struct BayesBranch {
  std::string start;  // that first led to it: this (the solution itself), informed, uninformed, random 1, ...
  double q_k, q_v, free_entropy;
};

/// Overlaps of the posterior mean with the truth, and what follows from them.
struct BayesResult {
  double q_k = unknown, q_v = unknown, test_error = unknown, free_entropy = unknown;
  struct {
    double q_k = unknown, q_v = unknown, test_error = unknown, free_entropy = unknown;
  } uncertainty;
  std::vector<BayesBranch> branches;  // distinct ones seen, the largest free entropy first
  std::size_t branch = 0;             // the place of this one among them
  Certificate certificate;
};

/// Bayes-optimal learning at N = alpha D (docs/equations.md, section 4):
///     q = qhat/(1 + qhat), qhat_k = alpha E|g_k|^2, qhat_v = alpha E|g_v|^2,
///     test_error = 1 + Delta - q_v E sum_l S~_l^2 (Delta included, no factor 1/2),
///     free_entropy = sum (qhat - log(1 + qhat) - q qhat)/2 + alpha E log Z_out, per D.
/// Normalisation: |k*|^2 = |v*|^2 = D. The fixed point is the lowest (uninformed) or the highest (informed)
/// one; the verdict is `metastable` where the other start, or one of four at random between the two where
/// they differ, ends elsewhere with a larger free entropy. Errors: twice the standard error over 16
/// scramblings, or (spiked) the change from a coarser rule, carried through the Jacobian of the equations. A
/// missed tolerance is a verdict; throws InvalidInput unless alpha > 0 and finite, the tolerance > 0, points
/// >= 0, and `from` lies in [0, 1). Cost: spiked, any prompt length: about 0.2 s on one core; otherwise some 2
/// us a point at L = 3, 12 us at L = 16.
[[nodiscard]] BayesResult bayes(const Problem& problem, double alpha, Start start,
                                const BayesOptions& options = {});

}  // namespace quenched
