#pragma once
#include <quenched/certificate.hpp>
#include <quenched/task.hpp>

#include <optional>

namespace quenched {

enum class Start { informed, uninformed };

struct BayesOptions {
  double tolerance = 1e-4;  // target for the error of q_k, q_v and the test error
  int points = 0;           // 0: chosen from the tolerance
  std::uint64_t seed = 1;
  int threads = 0;
  std::optional<Eigen::Vector2d> from;  // (q_k, q_v) of a neighbour on the curve; empty: the start
};

/// Overlaps of the posterior mean with the truth, and what follows from them.
struct BayesResult {
  double q_k = unknown, q_v = unknown, test_error = unknown, free_entropy = unknown;
  struct { double q_k = unknown, q_v = unknown, test_error = unknown, free_entropy = unknown; } uncertainty;
  Certificate certificate;
};

/// Bayes-optimal learning at N = alpha D (docs/equations.md, section 4). test_error includes Delta.
[[nodiscard]] BayesResult bayes(const Problem& problem, double alpha, Start start, const BayesOptions& options = {});

}  // namespace quenched
