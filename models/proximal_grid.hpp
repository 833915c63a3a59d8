#pragma once
#include <quenched/activation.hpp>

#include <array>
#include <vector>

namespace quenched {

/// Points x of a plane of proximal points, chi = B x (tokens x 2), with everything about sigma there that does not depend
/// on the sample: sigma_l, J_la = d sigma_l/d x_a, T_l,ab = d^2 sigma_l/d x_a d x_b and their contractions.
struct ProximalGrid {
  enum Column { power, q1, q2, JJ11, JJ12, JJ22, K11, K12, K22, contractions };
  Batch x, s, J1, J2, T11, T12, T22;
  Batch fixed;  // |s|^2, s.J_a, J_a.J_b, K_ab = J_a.J_b + s.T_ab

  ProximalGrid() = default;
  ProximalGrid(const Activation& activation, const Eigen::MatrixXd& B, Batch points);
  [[nodiscard]] Eigen::Index size() const { return x.rows(); }
};

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

/// Fills `scan` for the grid points first..first + count - 1, count <= GridScan::capacity. About 3 ns a point (AVX-512).
void scan_grid(const ProximalGrid& grid, Eigen::Index first, Eigen::Index count, const SampleFields& sample,
               const GridLaw& law, GridScan& scan);

/// min over j of a_j - b_j.omega for planes added one by one.
class PlanarMinorant {
 public:
  void push_back(double a, double b1, double b2) { a_.push_back(a), b1_.push_back(b1), b2_.push_back(b2); }
  [[nodiscard]] double lowest(double omega1, double omega2) const;

 private:
  std::vector<double> a_, b1_, b2_;
};

}  // namespace quenched
