#include "activation_shapes.hpp"

namespace quenched {
namespace {

/// sigma_l = 1 + chi_l.
class Linear final : public Activation {
 public:
  const ActivationInfo& info() const override {
    static const ActivationInfo info{.name = "linear",
                                     .formula = "1 + chi_l",
                                     .source = "arXiv:2509.21936",
                                     .folds = false,
                                     .elementwise = true};
    return info;
  }
  void value(const Batch& chi, Batch& sigma) const override { sigma = 1 + chi; }
  void jet(const Batch& chi, ActivationJet& jet) const override {
    jet.s = 1 + chi;
    jet.b = Batch::Ones(chi.rows(), chi.cols());
    jet.p = jet.q = jet.c = Batch::Zero(chi.rows(), chi.cols());
  }
  void curvature(const ActivationJet& jet, const Batch&, Batch& e, Batch& beta) const override {
    e = beta = Batch::Zero(jet.s.rows(), jet.s.cols());
  }
};

}  // namespace

std::shared_ptr<const Activation> make_linear(const std::string& parameter) {
  refuse_parameter("linear", parameter);
  return std::make_shared<Linear>();
}

}  // namespace quenched
