#include "activation_shapes.hpp"

namespace quenched {
namespace {

/// sigma_l = 1 for the largest field, 0 for the others; ties share. Locally constant: all derivatives are 0,
/// and a proximal step that changes the winner stops at the tie, where no derivative sees it.
class Hardmax final : public Activation {
 public:
  const ActivationInfo& info() const override {
    static const ActivationInfo info{.name = "hardmax",
                                     .formula = "1 if chi_l = max_m chi_m, else 0",
                                     .source = "softmax of infinite slope",
                                     .normalised = true,
                                     .shift_invariant = true,
                                     .scale_invariant = true,
                                     .smooth = false};
    return info;
  }
  void value(const Batch& chi, Batch& sigma) const override {
    sigma = (chi.colwise() - chi.rowwise().maxCoeff().eval() == 0).cast<double>();
    sigma.colwise() /= sigma.rowwise().sum().eval();
  }
  void jet(const Batch& chi, ActivationJet& jet) const override {
    value(chi, jet.s);
    jet.b = jet.p = jet.q = jet.c = Batch::Zero(chi.rows(), chi.cols());
  }
  void curvature(const ActivationJet& jet, const Batch&, Batch& e, Batch& beta) const override {
    e = beta = Batch::Zero(jet.s.rows(), jet.s.cols());
  }
  Eigen::ArrayXd transition(const Batch& chi, int l) const override { return largest_of_others(chi, l); }
};

}  // namespace

std::shared_ptr<const Activation> make_hardmax(const std::string& parameter) {
  refuse_parameter("hardmax", parameter);
  return std::make_shared<Hardmax>();
}

}  // namespace quenched
