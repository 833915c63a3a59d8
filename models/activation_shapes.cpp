#include "activation_shapes.hpp"

#include <charconv>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

void rescale(Curve& phi, const Batch& factor) {
  for (Batch* f : {&phi.value, &phi.first, &phi.second}) *f *= factor;
}

/// Sums over the tokens other than l: of f, f w and f^2.
struct Others {
  Eigen::ArrayXd sum, w_sum, squares;
  Others(const Batch& f, const Batch& w, int l)
      : sum(Eigen::ArrayXd::Zero(f.rows())), w_sum(sum), squares(sum) {
    for (Eigen::Index m = 0; m < f.cols(); ++m)
      if (m != l) sum += f.col(m), w_sum += f.col(m) * w.col(m), squares += f.col(m).square();
  }
};

class Elementwise final : public Activation {
 public:
  Elementwise(ActivationInfo info, CurveOf phi) : info_(std::move(info)), phi_(std::move(phi)) {
    info_.elementwise = true;
  }
  const ActivationInfo& info() const override { return info_; }
  void value(const Batch& chi, Batch& sigma) const override { sigma = phi(chi).value; }
  void jet(const Batch& chi, ActivationJet& jet) const override {
    Curve phi = this->phi(chi);
    jet.s = std::move(phi.value), jet.b = std::move(phi.first), jet.c = std::move(phi.second);
    jet.p = jet.q = Batch::Zero(chi.rows(), chi.cols());
  }
  void curvature(const ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const override {
    e = jet.c * u;
    beta = Batch::Zero(u.rows(), u.cols());
  }
  TokenLines lines(const Batch& chi, const Batch& w) const override {
    return
        [this, &w, all = phi(chi).value](int l, const Eigen::ArrayXd& t, Batch& moved, Batch& sw, Batch& ss) {
          const Others others(all, w, l);
          moved = t.transpose().replicate(w.rows(), 1);
          const Batch f = phi(moved).value;
          sw = (f.colwise() * w.col(l)).colwise() + others.w_sum;
          ss = f.square().colwise() + others.squares;
        };
  }

 private:
  [[nodiscard]] Curve phi(const Batch& chi) const {
    Curve phi = phi_(chi);
    if (phi.scale.size() > 0) rescale(phi, vector_math::exp(std::move(phi.scale)));
    return phi;
  }

  ActivationInfo info_;
  CurveOf phi_;
};

class Kernel final : public Activation {
 public:
  Kernel(ActivationInfo info, CurveOf phi, const KernelShape& shape)
      : info_(std::move(info)), phi_(std::move(phi)), shape_(shape) {
    info_.normalised = shape_.Z0 == 0;
    Batch chi(3, 3), sigma, longer;
    chi << 1, -2, 3, -1, 2, 0.5, 0.1, 5, -0.3;
    value(chi, sigma), value(4 * chi, longer);
    info_.scale_invariant = (sigma - longer).abs().maxCoeff() < 1e-14 &&
                            (sigma - 1 / static_cast<double>(chi.cols())).abs().maxCoeff() > 1e-14;
  }
  const ActivationInfo& info() const override { return info_; }

  void value(const Batch& chi, Batch& sigma) const final { sigma = over_sum(chi).value; }

  void jet(const Batch& chi, ActivationJet& jet) const override {
    Curve over = over_sum(chi);
    jet.p = jet.s = std::move(over.value);
    jet.q = jet.b = std::move(over.first);
    jet.c = std::move(over.second);
  }

  void curvature(const ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const override {
    const Batch centred = u.colwise() - (u * jet.s).rowwise().sum().eval();
    e = jet.c * centred;
    beta = jet.b * centred;
  }

  Eigen::ArrayXd transition(const Batch& chi, int l) const override {
    return largest_of_others(chi, l).unaryExpr(shape_.transition);
  }

  TokenLines lines(const Batch& chi, const Batch& w) const override {
    return [this, &chi, &w, by_value = Activation::lines(chi, w)](int l, const Eigen::ArrayXd& t,
                                                                  Batch& moved, Batch& sw, Batch& ss) {
      const Eigen::ArrayXd top = largest_of_others(chi, l), shift = top.unaryExpr(shape_.shift);
      const Curve phi = phi_(chi.colwise() - shift);
      if (phi.scale.size() > 0 || !shift.isFinite().all()) return by_value(l, t, moved, sw, ss);
      const Others others(phi.value, w, l);
      moved = t.transpose().replicate(chi.rows(), 1).colwise() + top.unaryExpr(shape_.transition);
      const Batch f = phi_(moved.colwise() - shift).value;
      Batch Z = f.colwise() + others.sum;
      if (shape_.Z0 > 0) Z.colwise() += shape_.Z0 * (-shift).exp();
      const Batch uniform = w.rowwise().mean().replicate(1, t.size());
      sw = (Z == 0).select(uniform, ((f.colwise() * w.col(l)).colwise() + others.w_sum) / Z);
      ss = (Z == 0).select(1 / static_cast<double>(chi.cols()),
                           (f.square().colwise() + others.squares) / Z.square());
    };
  }

 private:
  /// phi/Z, phi'/Z, phi''/Z.
  [[nodiscard]] Curve over_sum(const Batch& chi) const {
    const Eigen::ArrayXd shift = chi.rowwise().maxCoeff().unaryExpr(shape_.shift);
    Curve phi = phi_(chi.colwise() - shift);
    if (phi.scale.size() > 0) to_largest_scale(phi);
    Eigen::ArrayXd Z = phi.value.rowwise().sum();
    if (shape_.Z0 > 0) Z += shape_.Z0 * (-shift).exp();
    const Eigen::ArrayXd inverse = (Z == 0).select(0, 1 / Z);
    for (Batch* f : {&phi.value, &phi.first, &phi.second}) f->colwise() *= inverse;
    phi.value.colwise() +=
        (Z == 0).select(1 / static_cast<double>(chi.cols()), Eigen::ArrayXd::Zero(Z.size()));
    return phi;
  }

  /// Divides by the exponential of the largest scale of a token that counts.
  static void to_largest_scale(Curve& phi) {
    constexpr double most = 700;
    const Eigen::ArrayXd top = (phi.value == 0).select(-INFINITY, phi.scale).rowwise().maxCoeff();
    const Eigen::ArrayXd finite = top.isInf().select(0, top);
    rescale(phi, vector_math::exp((phi.scale.colwise() - finite).min(most)));
  }

  ActivationInfo info_;
  CurveOf phi_;
  KernelShape shape_;
};

}  // namespace

std::shared_ptr<const Activation> elementwise(ActivationInfo info, CurveOf phi) {
  return std::make_shared<Elementwise>(std::move(info), std::move(phi));
}

std::shared_ptr<const Activation> kernel(ActivationInfo info, CurveOf phi, const KernelShape& shape) {
  return std::make_shared<Kernel>(std::move(info), std::move(phi), shape);
}

Eigen::ArrayXd largest_of_others(const Batch& chi, int l) {
  Batch others = chi;
  others.col(l) = -INFINITY;
  return others.rowwise().maxCoeff();
}

Curve logistic(const Batch& x) {
  const Batch e = vector_math::exp(-x.abs()), total = 1 + e, second = e / total.square();
  return {(x > 0).select(Batch::Ones(x.rows(), x.cols()), e) / total, second,
          (x > 0).select(e - 1, 1 - e) / total * second};
}

Curve rectifier(const Batch& x) {
  return {x.max(0), (x > 0).cast<double>(), Batch::Zero(x.rows(), x.cols())};
}

InvalidInput activation_refusal(const std::string& name, const std::string& why) {
  constexpr std::size_t most = 80;
  return {"activation", name.size() > most ? name.substr(0, most) + "..." : name, why};
}

double number_in(const std::string& name, const std::string& parameter) {
  double number = NAN;
  const char* end = parameter.data() + parameter.size();
  const auto [stop, error] = std::from_chars(parameter.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number))
    throw InvalidInput("activation", name + ":" + parameter,
                       "needs a finite number after the colon, as in erf:-1.5");
  return number;
}

void refuse_parameter(const std::string& name, const std::string& parameter) {
  if (!parameter.empty())
    throw InvalidInput("activation", name + ":" + parameter, name + " takes no parameter");
}

}  // namespace quenched
