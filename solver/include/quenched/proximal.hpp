#pragma once
#include <functional>
#include <quenched/batch.hpp>
#include <vector>

namespace quenched {

/// Value and derivatives of a function f: R^n -> R at a block of points, its Hessian as
///     diag(diagonal) + zeta z z^T + gamma q^T + q gamma^T.
struct LowRankModel {
  Eigen::ArrayXd value, zeta;             // points
  Batch gradient, diagonal, z, gamma, q;  // points x n
};

/// Fills the model at x (points x n).
using LowRankObjective = std::function<void(const Batch& x, LowRankModel& model)>;

/// LDL^T of diag + rank 3 for a block of points in O(n) each, by downdating the 3 x 3 core: the pivots are
/// those of the dense factorisation, so a pivot <= 0 means that the Hessian is not positive definite.
class LowRankFactor {
 public:
  /// Factorises the Hessian of `model` plus `shift` on the diagonal. Pivots below `floor` are replaced by
  /// max(|pivot|, floor), which turns the Newton step into a descent direction; `definite` tells where none
  /// was.
  void factorise(const LowRankModel& model, double shift, double floor);
  /// Solves for one right-hand side a point, in place (points x n).
  void solve(Batch& rhs) const;
  [[nodiscard]] const Eigen::ArrayXi& definite() const { return definite_; }

 private:
  Batch pivot_, u0_, u1_, u2_, c0_, c1_, c2_;
  Eigen::ArrayXi definite_;
};

struct ProximalOptions {
  double tolerance = 1e-9;  // on the largest component of the Newton step, relative to 1 + |x|
  int max_iterations = 100;
  /// f at some of the points alone. Given where f is only piecewise smooth and minima may lie where its
  /// gradient leaps: Newton then stops after `max_newton` steps, and what it has not reached is sought along
  /// the kinks.
  std::function<LowRankObjective(const std::vector<Eigen::Index>& points)> at_points = {};
  static constexpr int max_newton = 20;
  /// Told of the work along kinks before it is done, in passes over one component of one point: may throw.
  std::function<void(double steps)> spend = {};
};

/// Where a minimum lies on kinks of f: the inverse of the Hessian of h within them, 0 across.
struct KinkedPoint {
  Eigen::Index row;
  Eigen::MatrixXd inverse;
};

/// A local minimum of h(x) = f(x) + |x - centre|^2/(2 V) for each point of a block.
struct ProximalMinimum {
  Batch x;
  Eigen::ArrayXd value;      // h
  Eigen::ArrayXi converged;  // 1 where the Newton step met the tolerance at a positive definite Hessian
  int iterations = 0;        // evaluations of f, over the block
  LowRankModel model;        // f at x
  LowRankFactor factor;      // of the Hessian of h at x
  std::vector<KinkedPoint> kinks;

  /// dx/dforce at the minimum times one right-hand side a point, in place: the inverse Hessian of h, within
  /// kinks.
  void solve(Batch& rhs) const;
};

/// Newton's method with modified pivots and backtracking, from `start`, all points of the block at once.
/// Cost: O(n) a point and iteration.
void proximal_minimum(const LowRankObjective& f, const Batch& centre, double V, const Batch& start,
                      ProximalMinimum& minimum, const ProximalOptions& options = {});

}  // namespace quenched
