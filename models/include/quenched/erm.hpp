#pragma once
#include <quenched/activation.hpp>
#include <quenched/bayes.hpp>
#include <quenched/certificate.hpp>
#include <quenched/task.hpp>

#include <optional>
#include <vector>

namespace quenched {

struct OrderParameters {
  double m_k = unknown, q_k = unknown, V_k = unknown, m_v = unknown, q_v = unknown, V_v = unknown;
};

struct ErmOptions {
  double tolerance = 1e-4;  // target for the largest uncertainty, relative to max(1, |value|)
  Start start = Start::informed;
  // Refined until the tolerance is met or this many points are spent (in steps of 4, from 4096); 0: the rule's own budget.
  int points = 0;
  std::uint64_t seed = 1;
  int threads = 0;
  std::optional<OrderParameters> from;  // a neighbour on the curve
};

/// Replica-symmetric ridge-regularised ERM (docs/equations.md, section 5).
struct ErmResult {
  OrderParameters overlaps;
  double test_error = unknown, train_error = unknown, energy = unknown;
  struct {
    double test_error = unknown, train_error = unknown, energy = unknown;
    OrderParameters overlaps;
  } uncertainty;
  Certificate certificate;
};

/// Throws InvalidInput unless alpha > 0, ridge_k > 0, ridge_v > 0, all finite; also for hardmax, which has no slope.
[[nodiscard]] ErmResult erm(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
                            double ridge_v, const ErmOptions& options = {});

}  // namespace quenched
