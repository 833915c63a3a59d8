#include "activation_shapes.hpp"

namespace quenched {
namespace {

/// sigma = the point of the simplex nearest to chi: sigma_l = max(chi_l - tau, 0), tau such that they sum
/// to 1. Piecewise linear: d sigma = diag(S) - S S^T/|S|, S the indicator of the support.
class Sparsemax final : public Activation {
 public:
  const ActivationInfo& info() const override {
    static const ActivationInfo info{.name = "sparsemax",
                                     .formula = "max(chi_l - tau, 0), tau such that they sum to 1",
                                     .source = "Martins & Astudillo, arXiv:1602.02068",
                                     .normalised = true,
                                     .shift_invariant = true,
                                     .smooth = false};
    return info;
  }

  /// tau = (sum_{l in S} chi_l - 1)/|S|; from all tokens on, S loses those below tau, which only raises tau
  /// (Michelot, J. Optim. Theory Appl. 50, 195, 1986).
  void value(const Batch& chi, Batch& sigma) const override {
    const Batch x = chi.colwise() - chi.rowwise().maxCoeff().eval();
    Eigen::ArrayXd tau = Eigen::ArrayXd::Constant(x.rows(), -INFINITY), before;
    do {
      before = tau;
      const Batch support = (x.colwise() - tau > 0).cast<double>();
      tau = before.max(((x * support).rowwise().sum() - 1) / support.rowwise().sum());
    } while ((tau > before).any());
    sigma = (x.colwise() - tau).max(0);
  }

  void jet(const Batch& chi, ActivationJet& jet) const override {
    value(chi, jet.s);
    jet.b = jet.q = (jet.s > 0).cast<double>();
    jet.p = jet.b.colwise() / jet.b.rowwise().sum().eval();
    jet.c = Batch::Zero(chi.rows(), chi.cols());
  }
  void curvature(const ActivationJet& jet, const Batch&, Batch& e, Batch& beta) const override {
    e = beta = Batch::Zero(jet.s.rows(), jet.s.cols());
  }
  Eigen::ArrayXd transition(const Batch& chi, int l) const override { return largest_of_others(chi, l); }
};

}  // namespace

std::shared_ptr<const Activation> make_sparsemax(const std::string& parameter) {
  refuse_parameter("sparsemax", parameter);
  return std::make_shared<Sparsemax>();
}

}  // namespace quenched
