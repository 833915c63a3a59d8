#pragma once
#include <memory>
#include <quenched/bayes.hpp>
#include <quenched/work_limit.hpp>

namespace quenched {

/// The averages over the data that the Bayes-optimal equations need, at overlaps q = (q_k, q_v) (section 4).
/// A row is a replicate (one row: a deterministic rule); the columns:
enum BayesColumn { g_k2, g_v2, log_Z, attention, bayes_columns };
///     E|g_k|^2, E|g_v|^2, E log Z_out, E sum_l S~_l^2 with S~ the normalised S at omega.
class BayesChannel {
 public:
  virtual ~BayesChannel() = default;
  /// Finer with every level, from 0 on. log_Z and attention are filled only when `all` is true.
  [[nodiscard]] virtual Batch averages(const Eigen::Vector2d& q, int level, bool all) const = 0;
  [[nodiscard]] virtual int last_level() const = 0;
  /// Overlaps near 1 that the rule still resolves: the informed start.
  [[nodiscard]] virtual Eigen::Vector2d informed() const = 0;
  [[nodiscard]] virtual std::string rule(int level) const = 0;
};

/// Tokens independent given the label (spiked): deterministic, one dimension for any prompt length.
[[nodiscard]] std::unique_ptr<BayesChannel> independent_channel(const Problem& problem, double tolerance,
                                                                int threads);
/// Any task: scrambled Sobol points for the fields and the label, the tokens' values exactly (`direct`:
/// sampled too, in 2 L dimensions, as a check). points: 0, or the number of the one and only level above 0.
/// Beyond 16 tokens fewer of both: 16 of the places where eps may be, and the points of level 0 by L^2. The
/// race is no finer than `tolerance` needs, to a 100th.
[[nodiscard]] std::unique_ptr<BayesChannel> sampled_channel(const Problem& problem, int points,
                                                            std::uint64_t seed, int threads,
                                                            std::shared_ptr<WorkLimit> work = nullptr,
                                                            bool direct = false, double tolerance = 1e-9);

}  // namespace quenched
