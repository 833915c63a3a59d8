#pragma once
#include <algorithm>
#include <cmath>
#include <quenched/fixed_point.hpp>
#include <quenched/point_set.hpp>

#include "bayes_channel.hpp"

namespace quenched {

using BayesRow = Eigen::Array<double, 1, bayes_columns>;

/// The Bayes-optimal equations of section 4 at one alpha, by one rule: q = qhat/(1 + qhat), qhat = alpha
/// E|g|^2.
class BayesEquations {
 public:
  BayesEquations(const BayesChannel& channel, double alpha) : channel_(channel), alpha_(alpha) {}

  [[nodiscard]] static bool feasible(const Eigen::VectorXd& q) {
    return (q.array() >= 0).all() && q[0] < 1 && q[1] <= 1;
  }
  [[nodiscard]] BayesRow averages(const Eigen::Vector2d& q, int level, bool all) const {
    return channel_.averages(q, level, all).colwise().mean();
  }
  [[nodiscard]] Eigen::Vector2d map(const BayesRow& average) const {
    const Eigen::Array2d qhat = alpha_ * average.head(2).transpose();
    Eigen::Array2d q = qhat / (1 + qhat);
    q[0] = std::min(q[0], std::nextafter(1.0, 0.0));  // rounding, at a signal of 1e16
    return q;
  }
  [[nodiscard]] Map at_level(int level) const {
    return
        [this, level](const Eigen::VectorXd& q) -> Eigen::VectorXd { return map(averages(q, level, false)); };
  }
  /// phi = sum (qhat - log(1 + qhat) - q qhat)/2 + alpha E log Z_out.
  [[nodiscard]] double free_entropy(const Eigen::Vector2d& q, const BayesRow& average) const {
    const Eigen::Array2d qhat = alpha_ * average.head(2).transpose();
    return (qhat - (1 + qhat).log() - q.array() * qhat).sum() / 2 + alpha_ * average[log_Z];
  }

 private:
  const BayesChannel& channel_;
  double alpha_;
};

/// How averages, one row a replicate, may be wrong: one row a direction, such that an error is the root of
/// the sum of squares over rows: twice the standard error over replicates, or the change from the level
/// before.
[[nodiscard]] inline Batch bayes_deviations(const BayesChannel& channel, const Batch& replicates,
                                            const Eigen::Vector2d& q, int level) {
  if (replicates.rows() > 1) return replicate_deviations(replicates);
  return replicates.row(0) - channel.averages(q, level - 1, true).row(0);
}

}  // namespace quenched
