#pragma once
#include <Eigen/Core>
#include <memory>
#include <quenched/erm.hpp>
#include <string>
#include <utility>
#include <vector>

#include "channel.hpp"

namespace quenched {

/// What `erm` throws of these.
void check_erm(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
               double ridge_v);

[[nodiscard]] OrderParameters erm_start(Start start, double ridge_k, double ridge_v);

/// The replica-symmetric map and the observables at one resolution: channels of all prompt lengths, averaged
/// over P_L (docs/equations.md, section 5). A vector x is (m_k, q_k, V_k, m_v, q_v, V_v).
class ErmEquations {
 public:
  /// Places in update(): the order parameters come first.
  enum Row : int { test_error = 6, train_error, energy, rows };

  ErmEquations(const Problem& problem, const Activation& activation, double alpha, double r_k, double r_v,
               const ChannelOptions& options);

  /// The same channels under other parameters: alpha and the ridges do not enter them.
  [[nodiscard]] ErmEquations with(double alpha, double r_k, double r_v) const;

  [[nodiscard]] static OrderParameters overlaps(const Eigen::VectorXd& x) {
    return {x[0], x[1], x[2], x[3], x[4], x[5]};
  }
  [[nodiscard]] static Eigen::VectorXd vector(const OrderParameters& o) {
    return (Eigen::VectorXd(6) << o.m_k, o.q_k, o.V_k, o.m_v, o.q_v, o.V_v).finished();
  }
  [[nodiscard]] bool feasible(const Eigen::VectorXd& x) const;
  [[nodiscard]] ChannelMeans means(const Eigen::VectorXd& x, Detail detail) const;
  /// ridge + alpha Vhat > 0 for k and v, as at every fixed point; elsewhere `update` lets V grow.
  [[nodiscard]] bool positive(const Eigen::ArrayXd& means) const {
    return r_k_ + alpha_ * means[Vhat_k] > 0 && r_v_ + alpha_ * means[Vhat_v] > 0;
  }
  /// The six updated order parameters, then the other rows at x.
  [[nodiscard]] Eigen::VectorXd update(const Eigen::VectorXd& x, const Eigen::ArrayXd& means) const;
  [[nodiscard]] Eigen::VectorXd update(const Eigen::VectorXd& x) const {
    return update(x, means(x, Detail::means).value);
  }
  /// d update/dx at x, where `update` is known: to one side, or, since samples leap, over longer steps to
  /// both.
  [[nodiscard]] Eigen::MatrixXd derivative(const Eigen::VectorXd& x, const Eigen::VectorXd& update) const;
  /// The largest eigenvalue of R_ab = alpha V_a^2 E|G_ab|_F^2.
  [[nodiscard]] double replicon(const Eigen::VectorXd& x, const Eigen::ArrayXd& means) const;
  /// The same and its error from that of the means: stability_eigenvalue and stability_error.
  void set_stability(Certificate& certificate, const Eigen::VectorXd& x, const ChannelMeans& means) const;
  /// The jump weight, the share of 1/V_k, the weight from the jumps themselves, and `competing`.
  void set_jumps(Certificate& certificate, const ChannelMeans& means) const;
  [[nodiscard]] std::string rule() const;

 private:
  double Delta_, alpha_, r_k_, r_v_;
  std::vector<std::pair<double, std::shared_ptr<Channel>>> channels_;
};

}  // namespace quenched
