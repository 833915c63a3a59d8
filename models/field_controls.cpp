#include "field_controls.hpp"

#include <cmath>

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// sigma and its Jacobian J at omega.
struct FieldAttention {
  ActivationJet jet;
  ArrayXd P, D;  // |s|^2, 1 + V_v |s|^2

  FieldAttention(const Activation& activation, const Batch& omega, double V_v) {
    activation.jet(omega, jet);
    P = jet.s.square().rowwise().sum();
    D = 1 + V_v * P;
  }
  [[nodiscard]] Batch transposed(const Batch& x) const {  // J^T x
    return jet.b * x - jet.q.colwise() * (jet.p * x).rowwise().sum();
  }
};

ArrayXd dot(const Batch& a, const Batch& b) { return (a * b).rowwise().sum(); }

}  // namespace

Batch FieldControls::at(const FieldLaw& law, const ArrayXd& y, const Batch& w, const Batch& zeta,
                        const ArrayXd& t_v) const {
  const FieldAttention at(activation_, law.omega, o_.V_v);
  const Batch& s = at.jet.s;
  const ArrayXd rho = (y - dot(s, w)) / at.D, rho2 = rho.square();
  const Batch Jw = at.transposed(w), g = Jw.colwise() * rho + at.transposed(s).colwise() * (o_.V_v * rho2);
  const double slope = o_.q_v > 0 ? o_.m_v / std::sqrt(o_.q_v) : 0;
  Batch f(y.size(), count);
  f << dot(g, law.t), g.square().rowwise().sum(), dot(g, o_.m_k * law.t - law.omega), rho * s.col(0) * t_v,
      rho2 * at.P, rho * (dot(s, zeta) - slope * s.col(0) * t_v), rho2, s.col(0), at.P, rho2.square(),
      rho2 * Jw.square().rowwise().sum();
  return f;
}

Batch FieldControls::expected(const FieldLaw& law) const {
  const FieldAttention at(activation_, law.omega, o_.V_v);
  const auto& [s, b, p, q, c] = at.jet;
  const ArrayXd rho2 = (1 + noise_ - 2 * o_.m_v * s.col(0) + o_.q_v * at.P) / at.D.square();
  Batch a = -o_.q_v * s;
  a.col(0) += o_.m_v;
  a.colwise() /= at.D;
  const Batch Ja = at.transposed(a), Js = at.transposed(s), g = Ja + Js.colwise() * (o_.V_v * rho2);
  // E rho^2 w w^T = E rho^2 q_v I + 2 a a^T (Wick), |J|^2 = sum b^2 - 2 b p q + |p|^2 |q|^2.
  const ArrayXd J2 = (b.square() - 2 * b * p * q).rowwise().sum() +
                     p.square().rowwise().sum() * q.square().rowwise().sum(),
                Jw2 = rho2 * o_.q_v * J2 + 2 * Ja.square().rowwise().sum(), V_rho2 = o_.V_v * rho2;
  Batch f(s.rows(), count);
  f << dot(g, law.t), Jw2 + 6 * V_rho2 * dot(Ja, Js) + 3 * V_rho2.square() * Js.square().rowwise().sum(),
      dot(g, o_.m_k * law.t - law.omega), s.col(0) / at.D, rho2 * at.P, -std::sqrt(o_.q_v) * at.P / at.D,
      rho2, s.col(0), at.P, 3 * rho2.square(), Jw2;
  return f;
}

}  // namespace quenched
