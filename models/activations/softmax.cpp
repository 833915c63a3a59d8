#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {
namespace {

/// a chi_l = logsumexp(others) + t gives s_l = sigmoid(t); the others keep their proportions.
class SoftmaxLines {
 public:
  SoftmaxLines(double slope, const Batch& chi, const Batch& w)
      : a_(slope), w_(w), x_(slope * chi), top_(x_.rowwise().maxCoeff()) {
    e_ = vector_math::exp(x_.colwise() - top_);
    sums_ = sums_over(e_, w_);
  }

  void operator()(int l, const Eigen::ArrayXd& t, Batch& moved, Batch& sw, Batch& ss) const {
    Eigen::ArrayXd top = top_;
    Batch others(e_.rows(), 3);  // the sums without token l
    others << sums_.col(0) - e_.col(l), sums_.col(1) - e_.col(l) * w_.col(l),
        sums_.col(2) - e_.col(l).square();
    for (Eigen::Index i = 0; i < e_.rows(); ++i)
      if (e_(i, l) > sums_(i, 0) / 2) {  // they would cancel, or have underflowed
        Batch x = x_.row(i);
        x(0, l) = -INFINITY;
        top[i] = x.maxCoeff();
        others.row(i) = sums_over((x - top[i]).exp(), w_.row(i));
      }
    const Eigen::ArrayXd mean = others.col(1) / others.col(0), power = others.col(2) / others.col(0).square(),
                         start = top + others.col(0).log();
    for (Eigen::Index j = 0; j < t.size(); ++j) {
      const double taken = 1 / (1 + std::exp(-t[j]));
      moved.col(j) = (start + t[j]) / a_;
      sw.col(j) = taken * w_.col(l) + (1 - taken) * mean;
      ss.col(j) = taken * taken + (1 - taken) * (1 - taken) * power;
    }
  }

 private:
  /// Columns: sum_l e_l, sum_l e_l w_l, sum_l e_l^2.
  static Batch sums_over(const Batch& e, const Batch& w) {
    Batch sums(e.rows(), 3);
    sums << e.rowwise().sum(), (e * w).rowwise().sum(), e.square().rowwise().sum();
    return sums;
  }

  double a_;
  const Batch& w_;
  Batch x_, e_, sums_;
  Eigen::ArrayXd top_;
};

/// sigma_l = exp(a chi_l)/sum_m exp(a chi_m), a the slope.
class Softmax final : public Activation {
 public:
  Softmax(ActivationInfo info, double slope) : info_(std::move(info)), a_(slope) {
    info_.normalised = info_.shift_invariant = info_.exponential = true;
    info_.softmax_slope = slope;
  }
  const ActivationInfo& info() const override { return info_; }

  void value(const Batch& chi, Batch& sigma) const override {
    const Batch x = a_ * chi;
    sigma = vector_math::exp(x.colwise() - x.rowwise().maxCoeff().eval());  // no overflow
    const Eigen::ArrayXd normaliser = 1 / sigma.rowwise().sum();
    sigma.colwise() *= normaliser;
  }

  /// d s_l/d chi_m = a (s_l delta_lm - s_l s_m).
  void jet(const Batch& chi, ActivationJet& jet) const override {
    value(chi, jet.s);
    jet.p = jet.s;
    jet.b = jet.q = jet.c = a_ * jet.s;
  }

  /// sum_l u_l d^2 s_l/d chi_m d chi_n = a^2 (beta_m delta_mn - beta_m s_n - s_m beta_n), beta = s (u - u.s).
  void curvature(const ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const override {
    const Eigen::ArrayXd mean = (u * jet.s).rowwise().sum();
    beta = jet.q * (u.colwise() - mean);
    e = a_ * beta;
  }

  TokenLines lines(const Batch& chi, const Batch& w) const override { return SoftmaxLines(a_, chi, w); }

 private:
  ActivationInfo info_;
  double a_;
};

}  // namespace

std::shared_ptr<const Activation> softmax_of_slope(ActivationInfo info, double slope) {
  return std::make_shared<Softmax>(std::move(info), slope);
}

/// "softmax:a": the slope, which is the inverse of a temperature.
std::shared_ptr<const Activation> make_softmax(const std::string& parameter) {
  const double slope = parameter.empty() ? 1 : number_in("softmax", parameter);
  if (!(slope > 0))
    throw InvalidInput("activation", "softmax:" + parameter,
                       "needs an inverse temperature > 0, as softmax:2");
  return softmax_of_slope({.name = parameter.empty() ? "softmax" : "softmax:" + parameter,
                           .formula = parameter.empty() ? "exp(chi_l)/sum_m exp(chi_m)"
                                                        : "exp(a chi_l)/sum_m exp(a chi_m), a = " + parameter,
                           .source = "arXiv:2509.21936"},
                          slope);
}

}  // namespace quenched
