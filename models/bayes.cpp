#include "bayes_channel.hpp"

#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>

#include <Eigen/LU>

#include <algorithm>

namespace quenched {
namespace {

using Eigen::Vector2d;
using Row = Eigen::Array<double, 1, bayes_columns>;

constexpr double distinct = 1e-3;  // fixed points further apart than this are two branches

void check(double alpha, const BayesOptions& options) {
  if (!(alpha > 0) || std::isinf(alpha))
    throw InvalidInput("alpha", std::to_string(alpha), "needs a finite number > 0");
  if (!(options.tolerance > 0))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a number > 0");
  if (options.points < 0)
    throw InvalidInput("points", std::to_string(options.points), "needs a whole number >= 0");
  if (options.from && !((options.from->array() >= 0).all() && (options.from->array() < 1).all()))
    throw InvalidInput("from", std::to_string((*options.from)[0]), "needs overlaps in [0, 1)");
}

bool feasible(const Eigen::VectorXd& q) { return (q.array() >= 0).all() && (q.array() < 1).all(); }

struct Branch {
  FixedPointReport report;
  Vector2d q = Vector2d::Zero();
};

/// The equations at one level of the channel: q = qhat/(1 + qhat), qhat = alpha E|g|^2.
class Equations {
 public:
  Equations(const BayesChannel& channel, double alpha) : channel_(channel), alpha_(alpha) {}

  Row averages(const Vector2d& q, int level, bool all) const {
    return channel_.averages(q, level, all).colwise().mean();
  }
  Vector2d map(const Row& average) const {
    const Eigen::Array2d qhat = alpha_ * average.head(2).transpose();
    return qhat / (1 + qhat);
  }
  Map at_level(int level) const {
    return
        [this, level](const Eigen::VectorXd& q) -> Eigen::VectorXd { return map(averages(q, level, false)); };
  }
  /// phi = sum (qhat - log(1 + qhat) - q qhat)/2 + alpha E log Z_out.
  double free_entropy(const Vector2d& q, const Row& average) const {
    const Eigen::Array2d qhat = alpha_ * average.head(2).transpose();
    return (qhat - (1 + qhat).log() - q.array() * qhat).sum() / 2 + alpha_ * average[log_Z];
  }

  /// The map is monotone, so plain iterates from q near 0 (1) rise (fall) to the lowest (highest) fixed point
  /// and never pass it. Acceleration takes over only once they have come near, and is undone if it passed a
  /// fixed point.
  Branch solve(const Vector2d& start, double tolerance) const {
    const Map F = at_level(0);
    FixedPointOptions plain{.tolerance = tolerance,
                            .max_iterations = 12,
                            .anderson_memory = 0,
                            .damping = 1,
                            .feasible = feasible};
    const FixedPointReport near = fixed_point(F, start, plain);
    if (near.reached()) return {near, near.x};
    const FixedPointOptions accelerated{.tolerance = tolerance,
                                        .max_iterations = 100,
                                        .anderson_memory = 2,
                                        .damping = 1,
                                        .feasible = feasible};
    FixedPointReport report = fixed_point(F, near.x, accelerated);
    int spent = near.iterations + report.iterations;
    if (!report.reached() || passed_a_fixed_point(F, near.x, report.x)) {
      plain.max_iterations = 3000;
      report = fixed_point(F, near.x, plain);
      spent += report.iterations;
    }
    report.iterations = spent;
    return {report, report.x};
  }

 private:
  /// Between a plain iterate and the fixed point it flows to, the map points towards the latter.
  static bool passed_a_fixed_point(const Map& F, const Vector2d& near, const Vector2d& found) {
    const Vector2d way = found - near;
    if (way.cwiseAbs().maxCoeff() < distinct) return false;
    for (double part : {0.25, 0.5, 0.75}) {
      const Vector2d q = near + part * way;
      if ((F(q) - q).dot(way) < 0) return true;
    }
    return false;
  }

  const BayesChannel& channel_;
  double alpha_;
};

Vector2d start_of(Start start, const BayesChannel& channel) {
  return start == Start::informed ? channel.informed() : Vector2d::Zero().eval();
}

/// How the averages may be wrong, one row a direction, such that an error is the root of the sum of squares
/// over rows: twice the standard error over replicates, or the change from the level before.
Batch deviations(const BayesChannel& channel, const Batch& replicates, const Vector2d& q, int level) {
  const Row mean = replicates.colwise().mean();
  if (replicates.rows() == 1) return mean - channel.averages(q, level - 1, true).row(0);
  const double R = static_cast<double>(replicates.rows());
  return 2 / std::sqrt(R * (R - 1)) * (replicates.rowwise() - mean);
}

}  // namespace

BayesResult bayes(const Problem& problem, double alpha, Start start, const BayesOptions& options) {
  check(problem);
  check(alpha, options);
  const auto channel = problem.task->independent_tokens() && !options.sampled
                           ? independent_channel(problem, options.tolerance, options.threads)
                           : sampled_channel(problem, options.points, options.seed, options.threads);
  const Equations equations(*channel, alpha);

  const double target = std::max(1e-12, std::min(1e-6, options.tolerance / 100));
  const Branch branch = equations.solve(options.from.value_or(start_of(start, *channel)), target);
  Vector2d q = branch.q;
  const Eigen::Matrix2d J = jacobian(equations.at_level(0), q, 1e-5, feasible);
  const Eigen::Matrix2d to_q = (Eigen::Matrix2d::Identity() - J).inverse();  // dq = (I - J)^-1 dF

  BayesResult result;
  const auto evaluate = [&](int level) {
    // Newton with the coarse Jacobian carries the fixed point to this level; twice, for the second order.
    Batch replicates;
    Vector2d step;
    for (int pass = 0; pass < 3; ++pass) {
      replicates = channel->averages(q, level, true);
      step = to_q * (equations.map(replicates.colwise().mean()) - q);
      result.certificate.iterations++;
      if (pass == 2 || step.cwiseAbs().maxCoeff() < options.tolerance / 10 || !feasible(q + step)) break;
      q += step;
    }
    const Row mean = replicates.colwise().mean();
    constexpr double h = 1e-4;
    const Vector2d side(std::min(h, std::min(q[0], 1 - q[0]) / 2), 0);
    const double slope = side[0] > 0 ? (equations.averages(q + side, 0, true)[attention] -
                                        equations.averages(q - side, 0, true)[attention]) /
                                           (2 * side[0])
                                     : 0;
    result.q_k = q[0], result.q_v = q[1];
    result.test_error = 1 + problem.noise - q[1] * mean[attention];
    result.free_entropy = equations.free_entropy(q, mean);

    const Eigen::Array2d qhat = alpha * mean.head(2).transpose();
    Eigen::Array2d q2 = step.array().square();
    double e2 = std::pow(mean[attention] * step[1], 2) + std::pow(q[1] * slope * step[0], 2), phi2 = 0;
    const Batch wrong = deviations(*channel, replicates, q, level);
    for (Eigen::Index r = 0; r < wrong.rows(); ++r) {
      const Row d = wrong.row(r);
      const Vector2d dq = to_q * (alpha * d.head(2).transpose() / (1 + qhat).square()).matrix();
      q2 += dq.array().square();
      e2 += std::pow(mean[attention] * dq[1] + q[1] * (slope * dq[0] + d[attention]), 2);
      phi2 += std::pow(alpha * d[log_Z], 2);  // stationary in q
    }
    constexpr double rounding = 1e-12;
    result.uncertainty = {std::sqrt(q2[0]) + rounding, std::sqrt(q2[1]) + rounding, std::sqrt(e2) + rounding,
                          std::sqrt(phi2) + rounding * (1 + std::abs(result.free_entropy))};
    result.certificate.residual = (equations.map(mean) - q).cwiseAbs().maxCoeff();
    result.certificate.integration_rule = channel->rule(level);
    result.certificate.integration_error =
        std::max({result.uncertainty.q_k, result.uncertainty.q_v, result.uncertainty.test_error});
  };
  int level = 1;
  for (evaluate(level);
       result.certificate.integration_error > options.tolerance && level < channel->last_level();)
    evaluate(++level);

  result.certificate.iterations += branch.report.iterations;
  result.certificate.converged = branch.report.reached() && to_q.allFinite();
  if (problem.noise == 0 && 1 - q[1] < 1e-9)
    result.free_entropy = result.uncertainty.free_entropy = unknown;  // unbounded

  const Branch other = equations.solve(
      start_of(start == Start::informed ? Start::uninformed : Start::informed, *channel), 1e-6);
  bool better = false;
  if (other.report.reached() && (other.q - branch.q).cwiseAbs().maxCoeff() > distinct)
    better = equations.free_entropy(other.q, equations.averages(other.q, 0, true)) >
             equations.free_entropy(branch.q, equations.averages(branch.q, 0, true));
  judge(result.certificate, {.reached = result.certificate.converged,
                             .error = result.certificate.integration_error,
                             .tolerance = options.tolerance,
                             .better_branch = better});
  return result;
}

}  // namespace quenched
