#include <cmath>
#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {
namespace {

/// sigma_l = exp(chi_l)/sum_m exp(chi_m).
class Softmax final : public Activation {
 public:
  const ActivationInfo& info() const override {
    static const ActivationInfo info{.name = "softmax",
                                     .formula = "exp(chi_l)/sum_m exp(chi_m)",
                                     .source = "arXiv:2509.21936",
                                     .normalised = true,
                                     .shift_invariant = true,
                                     .exponential = true};
    return info;
  }

  void value(const Batch& chi, Batch& sigma) const override {
    sigma = vector_math::exp(chi.colwise() - chi.rowwise().maxCoeff().eval());  // no overflow
    const Eigen::ArrayXd normaliser = 1 / sigma.rowwise().sum();
    sigma.colwise() *= normaliser;
  }

  /// d s_l/d chi_m = s_l delta_lm - s_l s_m.
  void jet(const Batch& chi, ActivationJet& jet) const override {
    value(chi, jet.s);
    jet.b = jet.p = jet.q = jet.c = jet.s;
  }

  /// sum_l u_l d^2 s_l/d chi_m d chi_n = s_m (u_m - u.s) delta_mn - beta_m s_n - s_m beta_n, beta = s (u -
  /// u.s).
  void curvature(const ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const override {
    const Eigen::ArrayXd mean = (u * jet.s).rowwise().sum();
    beta = jet.s * (u.colwise() - mean);
    e = beta;
  }

  /// chi_l = logsumexp(others) + t gives s_l = sigmoid(t); the others keep their proportions.
  void line(const Batch& chi, const Batch& w, int l, const Eigen::ArrayXd& t, Batch& moved, Batch& sw,
            Batch& ss) const override {
    Batch others = chi, s;
    others.col(l) = -INFINITY;
    const Eigen::ArrayXd top = others.rowwise().maxCoeff();
    others.colwise() -= top;
    s = others.exp();
    const Eigen::ArrayXd total = s.rowwise().sum(), mean = (s * w).rowwise().sum() / total,
                         power = s.square().rowwise().sum() / total.square(), start = top + total.log();
    for (Eigen::Index j = 0; j < t.size(); ++j) {
      const double taken = 1 / (1 + std::exp(-t[j]));
      moved.col(j) = start + t[j];
      sw.col(j) = taken * w.col(l) + (1 - taken) * mean;
      ss.col(j) = taken * taken + (1 - taken) * (1 - taken) * power;
    }
  }
};

}  // namespace

std::shared_ptr<const Activation> make_softmax(const std::string& parameter) {
  refuse_parameter("softmax", parameter);
  return std::make_shared<Softmax>();
}

}  // namespace quenched
