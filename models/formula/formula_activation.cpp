#include <cmath>
#include <iterator>
#include <quenched/invalid_input.hpp>

#include "activation_shapes.hpp"
#include "formula.hpp"

namespace quenched {
namespace {

/// x = -20, -19.9, ..., 20.
Batch ordinary_fields() {
  constexpr int last = 200;
  Batch x(2 * last + 1, 1);
  for (int i = -last; i <= last; ++i) x(i + last, 0) = i / 10.0;
  return x;
}

std::string shown(double x) {
  std::string text = std::to_string(x);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

class FormulaActivation {
 public:
  FormulaActivation(std::string shape, const std::string& text)
      : given_(std::move(shape) + ":" + text), text_(text) {
    if (text.empty()) throw refusal("needs a formula in x after the colon, as in kernel:log(1+exp(x))");
    formula_ = [&] {
      try {
        return std::make_shared<const Formula>(text);
      } catch (const FormulaError& e) {
        throw refusal(e.what());
      }
    }();
    if (!formula_->depends_on_x()) throw refusal("needs an x in its formula");
  }

  [[nodiscard]] InvalidInput refusal(const std::string& why) const {
    constexpr std::size_t most = 80;
    return {"activation", given_.size() > most ? given_.substr(0, most) + "..." : given_, why};
  }

  /// Refuses what has no value or derivatives at ordinary fields.
  [[nodiscard]] Curve ordinary_values() const {
    const Batch x = ordinary_fields();
    Curve phi = (*formula_)(x);
    if (phi.scale.size() == 0) phi.scale = Batch::Zero(x.rows(), 1);
    const auto refuse_first = [&](const Batch& f, const std::string& what) {
      for (Eigen::Index i = 0; i < x.size(); ++i)
        if (!std::isfinite(f(i, 0)) || !std::isfinite(phi.scale(i, 0)))
          throw refusal("its " + what + " is not finite and real at x = " + shown(x(i, 0)) +
                        ": needs to be from -20 to 20");
    };
    refuse_first(phi.value, "value");
    refuse_first(phi.first, "derivative");
    refuse_first(phi.second, "second derivative");
    return phi;
  }

  [[nodiscard]] ActivationInfo info(const std::string& formula) const {
    return {.name = given_,
            .formula = formula + ", phi(x) = " + text_,
            .source = "user",
            .exponential = rate(1000) > 0.1 || rate(-1000) < -0.1,
            .smooth = formula_->smooth()};
  }
  /// phi'/phi.
  [[nodiscard]] double rate(double x) const {
    const Curve phi = (*formula_)(Batch::Constant(1, 1, x));
    return phi.first(0, 0) / phi.value(0, 0);
  }
  /// a where phi = C exp(a x) at ordinary fields and far out, to rounding; else 0.
  [[nodiscard]] double exponential_rate() const {
    const double far[] = {-1000, -300, -100, -50, 50, 100, 300, 1000};
    Batch x(ordinary_fields().rows() + std::ssize(far), 1);
    x << ordinary_fields(), Eigen::Map<const Eigen::ArrayXd>(far, std::ssize(far));
    const Curve phi = (*formula_)(x);
    const Batch first = phi.first / phi.value, second = phi.second / phi.value;
    const double a = first(0, 0);
    const bool same = (first - a).abs().maxCoeff() < 1e-13 * std::abs(a) &&
                      (second - a * a).abs().maxCoeff() < 1e-12 * a * a;
    return same && formula_->smooth() ? a : 0;
  }
  [[nodiscard]] std::shared_ptr<const Formula> formula() const { return formula_; }

 private:
  std::string given_, text_;
  std::shared_ptr<const Formula> formula_;
};

}  // namespace

std::shared_ptr<const Activation> make_elementwise(const std::string& parameter) {
  const FormulaActivation user("elementwise", parameter);
  const Curve phi = user.ordinary_values();
  for (Eigen::Index i = 0; i < phi.value.size(); ++i)
    if (!std::isfinite(phi.value(i, 0) * std::exp(phi.scale(i, 0))))
      throw user.refusal("overflows at x = " + shown(ordinary_fields()(i, 0)) +
                         ": needs to be finite from -20 to 20");
  return elementwise(user.info("phi(chi_l)"), [f = user.formula()](const Batch& x) { return (*f)(x); });
}

std::shared_ptr<const Activation> make_kernel(const std::string& parameter) {
  const FormulaActivation user("kernel", parameter);
  const Curve phi = user.ordinary_values();
  const Batch x = ordinary_fields();
  for (Eigen::Index i = 0; i < x.size(); ++i)
    if (phi.value(i, 0) < 0)
      throw user.refusal("is negative at x = " + shown(x(i, 0)) +
                         ": a kernel needs values >= 0 from -20 to 20");
  if ((phi.value == 0).all()) throw user.refusal("vanishes from -20 to 20: a kernel needs values > 0");

  ActivationInfo info = user.info("phi(chi_l)/sum_m phi(chi_m)");
  if (const double slope = user.exponential_rate(); slope != 0) return softmax_of_slope(info, slope);

  const Eigen::Array<bool, Eigen::Dynamic, 1> zero_at = phi.value.col(0) == 0;
  if (zero_at.any()) {
    Eigen::Index first = 0;
    zero_at.cast<int>().maxCoeff(&first);
    info.remark = "The kernel vanishes at x = " + shown(x(first, 0)) +
                  " and perhaps elsewhere: the attention is uniform where it does so for every token.";
  }
  // Where a token takes over, for the starts of a global minimisation.
  const Eigen::Index last = x.size() - 1;
  const OfLargest transition = zero_at[0]                                       ? at_least_zero
                               : phi.first(last, 0) < 1e-3 * phi.value(last, 0) ? at_most_zero
                                                                                : itself;
  return kernel(info,
                [f = user.formula()](const Batch& chi) {
                  Curve at = (*f)(chi);
                  at.value = (at.value < 0).select(NAN, at.value);  // beyond the fields that were checked
                  return at;
                },
                {.transition = transition});
}

}  // namespace quenched
