#pragma once
#include <array>
#include <quenched/activation.hpp>
#include <vector>

namespace quenched {

/// Points x of a plane of proximal points, chi = B x (tokens x 2), with everything about sigma there that
/// does not depend on the sample: sigma_l, J_la = d sigma_l/d x_a, T_l,ab = d^2 sigma_l/d x_a d x_b and their
/// contractions.
struct ProximalGrid {
  enum Column { ss, q1, q2, JJ11, JJ12, JJ22, K11, K12, K22, contractions };
  Batch x, s, J1, J2, T11, T12, T22;
  Batch fixed;  // |s|^2, s.J_a, J_a.J_b, K_ab = J_a.J_b + s.T_ab

  ProximalGrid() = default;
  ProximalGrid(const Activation& activation, const Eigen::MatrixXd& B, Batch points);
  [[nodiscard]] Eigen::Index size() const { return x.rows(); }
};

/// The eight around each kept point of a square grid of columns^2 points, as places among the kept ones; -1:
/// not kept.
using GridNeighbours = std::vector<std::array<Eigen::Index, 8>>;
[[nodiscard]] GridNeighbours grid_neighbours(const std::vector<Eigen::Index>& kept, Eigen::Index columns);

/// One sample's data in the loss: rho = (y + s.e)/D; e = -w, or y = 0 and e = y - w where sum_l s_l = 1.
struct SampleFields {
  double y;
  std::array<double, 3> e;
};

/// Results at up to `capacity` grid points: rho and its gradient, g = -grad Phi, H = I + V_k Hess Phi,
/// omega = x + V_k grad Phi (the field whose proximal point is x), Phi, and -|omega - centre|^2/(2 q).
struct GridScan {
  static constexpr Eigen::Index capacity = 128;
  enum Column { rho, rho1, rho2, g1, g2, H11, H12, H22, det, omega1, omega2, loss, exponent, columns };
  std::array<std::array<double, capacity>, columns> at;
};

struct GridLaw {
  double V_k, V_v, q_k;
  std::array<double, 2> centre;
};

/// Fills `scan` for the grid points first..first + count - 1, count <= GridScan::capacity. About 3 ns a point
/// (AVX-512).
void scan_grid(const ProximalGrid& grid, Eigen::Index first, Eigen::Index count, const SampleFields& sample,
               const GridLaw& law, GridScan& scan);

/// Points x_j with Psi_j, Psi = Phi + |x|^2/(2 V_k), that compete for being the global proximal point.
class ProximalRivals {
 public:
  ProximalRivals(double V_k, double step) : V_k_(V_k), step_(step) {}
  /// Entry i of a scan, at (x1, x2).
  void push_back(double x1, double x2, const GridScan& scan, Eigen::Index i);
  /// Whether another minimum of Psi(x') - omega.x'/V_k lies below x's own. The lowest of the points that are
  /// not around x is carried by a Newton step to the minimum nearby, which need not lie on the grid.
  [[nodiscard]] bool beat(double x1, double x2, double Psi, double omega1, double omega2) const;

 private:
  struct Curvature {
    double omega1, omega2, H11, H12, H22;
  };
  double V_k_, step_, steepest_ = 0;  // the largest trace of H
  std::vector<double> x1_, x2_, Psi_;
  std::vector<Curvature> curvature_;
  mutable std::vector<double> far_of_group_;  // of `beat`
};

}  // namespace quenched
