#include "activation_shapes.hpp"

namespace quenched {
namespace {

/// sigma_l = 1 + chi_l - (1/L) sum_m chi_m: L times the linearisation of softmax at chi = 0. For L >= 3 the
/// proximal step has one minimum, as linear's; at L = 2 it can have two: (y - s.z)^2 with (chi_1 - chi_2)(z_1
/// - z_2) in it.
class CentredLinear final : public Activation {
 public:
  const ActivationInfo& info() const override {
    static const ActivationInfo info{.name = "centred-linear",
                                     .formula = "1 + chi_l - (1/L) sum_m chi_m",
                                     .source = "softmax to first order in chi, times L",
                                     .shift_invariant = true};
    return info;
  }
  void value(const Batch& chi, Batch& sigma) const override {
    sigma = 1 + (chi.colwise() - chi.rowwise().mean());
  }
  void jet(const Batch& chi, ActivationJet& jet) const override {
    value(chi, jet.s);
    jet.b = jet.q = Batch::Ones(chi.rows(), chi.cols());
    jet.p = jet.b / static_cast<double>(chi.cols());
    jet.c = Batch::Zero(chi.rows(), chi.cols());
  }
  void curvature(const ActivationJet& jet, const Batch&, Batch& e, Batch& beta) const override {
    e = beta = Batch::Zero(jet.s.rows(), jet.s.cols());
  }
  /// A step d of chi_l moves sigma by d (e_l - 1/L), and sum_m sigma_m = L.
  TokenLines lines(const Batch& chi, const Batch& w) const override {
    Batch s;
    value(chi, s);
    const Eigen::ArrayXd sw = (s * w).rowwise().sum(), ss = s.square().rowwise().sum();
    return [&chi, &w, s, sw, ss](int l, const Eigen::ArrayXd& t, Batch& moved, Batch& moved_sw,
                                 Batch& moved_ss) {
      moved = t.transpose().replicate(chi.rows(), 1);
      const Batch d = moved.colwise() - chi.col(l);
      moved_sw = (d.colwise() * (w.col(l) - w.rowwise().mean())).colwise() + sw;
      moved_ss = (d * (d * (1 - 1.0 / static_cast<double>(chi.cols())) +
                       (2 * (s.col(l) - 1)).replicate(1, t.size())))
                     .colwise() +
                 ss;
    };
  }
};

}  // namespace

std::shared_ptr<const Activation> make_centred_linear(const std::string& parameter) {
  refuse_parameter("centred-linear", parameter);
  return std::make_shared<CentredLinear>();
}

}  // namespace quenched
