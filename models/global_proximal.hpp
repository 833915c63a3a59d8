#pragma once
#include <vector>

#include "attention_loss.hpp"
#include "channel.hpp"

namespace quenched {

/// False: the loss does not change when every chi_l moves by the same amount.
[[nodiscard]] inline bool common_mode(const ActivationInfo& info, int tokens) {
  return !(info.shift_invariant && tokens > 1);
}

/// The global proximal point of a sample's loss (docs/equations.md, equation 5.2), a block of samples at
/// once: the lowest of the local minima that Newton reaches from `start` (omega, if null), from omega, and
/// from the lowest `most_starts` minima along the tokens' lines.
class GlobalProximal {
 public:
  /// `work`, where given, counts the passes over a token of a sample; it must outlive this.
  GlobalProximal(const Activation& activation, int tokens, const OrderParameters& o,
                 WorkLimit* work = nullptr);

  AttentionLoss loss;  // at the minimum, after `minimise`, as is
  ProximalMinimum best;
  Eigen::ArrayXd competing;  // 1 where a second local minimum was seen

  /// omega and w are points x tokens; `rows` are the samples to search for other minima (the rest stay at the
  /// one that Newton reaches), null for all. Cost: O(L) lines of O(L) each for these, and as many Newton
  /// steps as minima compete.
  void minimise(const Batch& omega, const Eigen::ArrayXd& y, const Batch& w, const Batch* start = nullptr,
                const std::vector<Eigen::Index>* rows = nullptr);

  struct Response {
    Eigen::ArrayXd div_k, div_v, kk, kv, vv;  // traces of G_kk and G_vv, |G_ab|_F^2
  };
  /// The response G = d(g_k, g_v)/d(omega, w) at the minimum: G_kk = (H^-1/V_k - I)/V_k, G_kv = H^-1 M/V_k,
  /// G_vv = M^T H^-1 M - s s^T/D with H the Hessian of h, M = J^T (rho I - c s^T/D) = rho (diag(b) - q p^T) -
  /// z s^T/D. O(L^2) a point.
  [[nodiscard]] Response response() const;

  static constexpr int most_starts = 16;

 private:
  struct Starts {
    std::vector<Eigen::Index> row;
    std::vector<Eigen::RowVectorXd> chi;
  };
  [[nodiscard]] Starts other_starts(const Batch& omega, const Eigen::ArrayXd& y, const Batch& w,
                                    const Batch& x, bool from_omega) const;
  [[nodiscard]] ProximalOptions options(const Eigen::ArrayXd& y, const Batch& w) const;
  bool improve(const Starts& starts, const Batch& omega, const Eigen::ArrayXd& y, const Batch& w);

  void spend(double steps) const {
    if (work_) work_->spend(steps);
  }
  void spend_passes(const ProximalMinimum& m, Eigen::Index numbers) const;

  const Activation& activation_;
  WorkLimit* work_;
  int L_;
  double V_k_, V_v_;
  bool common_mode_;
};

}  // namespace quenched
