#pragma once
#include <quenched/activation.hpp>
#include <quenched/proximal.hpp>

namespace quenched {

/// One sample's loss after z is minimised out (docs/equations.md, section 5), as a function of chi:
///     Phi(s) = (y - s.w)^2/(2 D),  D = 1 + V_v |s|^2,  s = sigma(chi),
/// whose gradient in s is u = -rho w - V_v rho^2 s and whose Hessian in s is c c^T/D - V_v rho^2 I, with
/// rho = (y - s.w)/D and c = w + 2 V_v rho s. Through d sigma/d chi = diag(b) - p q^T it is diagonal plus
/// rank 3.
class AttentionLoss {
 public:
  AttentionLoss(const Activation& activation, double V_v) : activation_(activation), V_v_(V_v) {}

  void evaluate(const Batch& chi, const Eigen::ArrayXd& y, const Batch& w, LowRankModel& model) {
    activation_.jet(chi, jet);
    D = 1 + V_v_ * jet.s.square().rowwise().sum();
    rho = (y - (jet.s * w).rowwise().sum()) / D;
    const Eigen::ArrayXd V_rho2 = V_v_ * rho.square();
    u_ = -(w.colwise() * rho + jet.s.colwise() * V_rho2);
    c_ = w + (jet.s.colwise() * (2 * V_v_ * rho));
    activation_.curvature(jet, u_, model.diagonal, beta_);
    model.value = D * rho.square() / 2;
    model.zeta = 1 / D;
    model.gradient = jet.b * u_ - jet.q.colwise() * (jet.p * u_).rowwise().sum();
    model.z = jet.b * c_ - jet.q.colwise() * (jet.p * c_).rowwise().sum();
    model.diagonal -= jet.b.square().colwise() * V_rho2;
    const Eigen::ArrayXd half = jet.p.square().rowwise().sum() / 2;
    model.gamma = (jet.b * jet.p - jet.q.colwise() * half).colwise() * V_rho2 - beta_;
    model.q = jet.q;
  }

  ActivationJet jet;      // of the last evaluation, as are
  Eigen::ArrayXd rho, D;  // the training residual and 1 + V_v |s|^2

 private:
  const Activation& activation_;
  double V_v_;
  Batch u_, c_, beta_;
};

}  // namespace quenched
