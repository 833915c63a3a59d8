#pragma once
#include <quenched/activation.hpp>
#include <quenched/task.hpp>
#include <vector>

namespace quenched {

/// Nodes in delta = chi_1 - chi_2 with their weights, and sigma_1 = p(delta) with its derivatives there. For
/// sigma that is normalised and shift invariant, all that two tokens need.
struct PairNodes {
  Eigen::ArrayXd delta, weight, p, p1, p2;
  PairNodes(const Activation& activation, Eigen::ArrayXd at, Eigen::ArrayXd weights);
  [[nodiscard]] Eigen::Index size() const { return delta.size(); }
};

/// The sample's loss Phi(delta) and its map c(delta) = delta + 2 V_k Phi'(delta), the omega_1 - omega_2 whose
/// proximal point is delta, at the nodes for one d = (y - w_1, y - w_2).
struct PairScan {
  Eigen::ArrayXd rho, rho1, D, loss, c, c1;
  void evaluate(const PairNodes& nodes, const Eigen::Vector2d& d, double V_k, double V_v);
  /// |a|^2 with a_j = d^2 Phi/d delta d d_j, the response of g_v to delta; s.a; |s|^2.
  [[nodiscard]] static Eigen::ArrayXd power(const PairNodes& nodes);
  [[nodiscard]] Eigen::ArrayXd moved_squared(const PairNodes& nodes) const;
  [[nodiscard]] Eigen::ArrayXd moved_along_s(const PairNodes& nodes) const;
};

/// Indices of the vertices of the lower convex hull of (x, psi): with psi = Phi + delta^2/(4 V_k), the nodes
/// that are the global minimum for some omega.
[[nodiscard]] std::vector<Eigen::Index> lower_hull(const Eigen::ArrayXd& x, const Eigen::ArrayXd& psi);

/// Law of c = omega_1 - omega_2 = mu + sigma eta at overlaps m, q: the task's tilt of eta ~ N(0, 1) and t_1 -
/// t_2.
class DifferenceLaw {
 public:
  DifferenceLaw(const Task& task, double m, double q);
  /// Multiplies `density` by the tilt at eta and fills T = t_1 - t_2; cubic interpolation of a fine table.
  void apply(const Eigen::ArrayXd& eta, Eigen::ArrayXd& density, Eigen::ArrayXd& T) const;
  /// E sigma_eps and E|sigma|^2 at chi = omega: one dimension.
  void fresh_sample(const Activation& activation, double& hit, double& power) const;
  double mu = 0, sigma = 0;

 private:
  static constexpr double table_end = 9;
  bool uniform_;
  Eigen::ArrayXd tilt_, teacher_;
};

}  // namespace quenched
