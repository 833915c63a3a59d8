#pragma once
#include <quenched/erm.hpp>
#include <quenched/task.hpp>

#include "attention_loss.hpp"

namespace quenched {

/// Control variates of the sampled channel: what a sample gives at chi = omega, no proximal point, of which
/// the average over (y, w) given omega is a closed form (docs/equations.md, equation 6.2). There s =
/// sigma(omega) is given, so that rho = (y - s.w)/D and w are Gaussian with E rho^2 = (1 + Delta - 2 m_v s_0
/// + q_v |s|^2)/ D^2 and a = E rho w = (m_v e_0 - q_v s)/D, and the force g = rho J^T w + V_v rho^2 J^T s is
/// a polynomial.
class FieldControls {
 public:
  FieldControls(const Activation& activation, const OrderParameters& o, double noise)
      : activation_(activation), o_(o), noise_(noise) {}

  static constexpr int count = 11, attended = 7, power = 8;  // columns of s_0 and |s|^2
  /// g.t, |g|^2, g.(m t - omega), rho s_0 t_v, rho^2 |s|^2, rho (s.zeta - (m_v/sqrt(q_v)) s_0 t_v), rho^2,
  /// s_0, |s|^2, rho^4, rho^2 |J^T w|^2: points x count.
  [[nodiscard]] Batch at(const FieldLaw& law, const Eigen::ArrayXd& y, const Batch& w, const Batch& zeta,
                         const Eigen::ArrayXd& t_v) const;
  /// Their averages over (y, w).
  [[nodiscard]] Batch expected(const FieldLaw& law) const;

 private:
  const Activation& activation_;
  OrderParameters o_;
  double noise_;
};

}  // namespace quenched
