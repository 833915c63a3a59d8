#pragma once
#include <quenched/batch.hpp>

namespace quenched {

/// What the proximal point of sigma = 1 + chi depends on, a = 1 + omega: A = |a|^2, C = a.w, W = |w|^2 and y
/// of every sample.
struct LinearInvariants {
  Eigen::ArrayXd A, C, W, y;
};

/// The proximal point of sigma = 1 + chi for a block of samples through the scalar rho (docs/equations.md,
/// section 6):
///     s = (a + V_k rho w)/(1 - V_k V_v rho^2), a = 1 + omega;   y = rho + V_v rho |s|^2 + s.w,
/// the right-hand side rising in rho on |rho| < 1/sqrt(V_k V_v) for L >= 2: one minimum, whatever L. This is
/// its root rho, by Newton's method within a bracket.
[[nodiscard]] Eigen::ArrayXd linear_residual(double V_k, double V_v, const LinearInvariants& samples);

/// The rest of that point.
struct LinearProximal {
  Eigen::ArrayXd rho, M;  // the residual; the minimum of h
  Batch g_k, g_v;         // rho w + V_v rho^2 s; rho s
  void minimise(double V_k, double V_v, const Batch& omega, const Eigen::ArrayXd& y, const Batch& w);
};

}  // namespace quenched
