#include <cmath>
#include <iterator>
#include <quenched/invalid_input.hpp>
#include <quenched/user_activation.hpp>

#include "activation_shapes.hpp"

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

/// phi at `x`, with a scale.
Curve scaled(const UserFunction& f, const Batch& x) {
  Curve phi = f.phi(x);
  if (phi.scale.size() == 0) phi.scale = Batch::Zero(x.rows(), x.cols());
  return phi;
}

/// Refuses what has no value or derivatives at ordinary fields.
Curve ordinary_values(const UserFunction& f) {
  const Batch x = ordinary_fields();
  Curve phi = scaled(f, x);
  const auto refuse_first = [&](const Batch& values, const std::string& what) {
    for (Eigen::Index i = 0; i < x.size(); ++i)
      if (!std::isfinite(values(i, 0)) || !std::isfinite(phi.scale(i, 0)))
        throw activation_refusal(f.name, "its " + what + " is not finite and real at x = " + shown(x(i, 0)) +
                                             ": needs to be from -20 to 20");
  };
  refuse_first(phi.value, "value");
  refuse_first(phi.first, "derivative");
  refuse_first(phi.second, "second derivative");
  return phi;
}

/// phi'/phi as far out as it is known.
double rate_beyond(const UserFunction& f, double sign) {
  for (const double x : {1000, 300, 100, 50, 20}) {
    const Curve phi = f.phi(Batch::Constant(1, 1, sign * x));
    if (const double rate = phi.first(0, 0) / phi.value(0, 0); std::isfinite(rate)) return rate;
  }
  return NAN;
}

/// a where phi = C exp(a x) at ordinary fields and, as far as it is known, far out, to rounding; else 0.
double exponential_rate(const UserFunction& f) {
  const double far[] = {-1000, -300, -100, -50, 50, 100, 300, 1000};
  const Batch ordinary = ordinary_fields();
  Batch x(ordinary.rows() + std::ssize(far), 1);
  x << ordinary, Eigen::Map<const Eigen::ArrayXd>(far, std::ssize(far));
  const Curve phi = f.phi(x);
  const Batch first = phi.first / phi.value, second = phi.second / phi.value;
  const double a = first(0, 0);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const bool known = std::isfinite(first(i, 0)) && std::isfinite(second(i, 0));
    if (!known && i >= ordinary.size()) continue;
    if (!(std::abs(first(i, 0) - a) < 1e-13 * std::abs(a) && std::abs(second(i, 0) - a * a) < 1e-12 * a * a))
      return 0;
  }
  return f.smooth ? a : 0;
}

ActivationInfo info_of(const UserFunction& f, const std::string& formula) {
  return {.name = f.name,
          .formula = formula + ", phi(x) = " + f.text,
          .source = "user",
          .exponential = rate_beyond(f, 1) > 0.1 || rate_beyond(f, -1) < -0.1,
          .smooth = f.smooth};
}

}  // namespace

std::shared_ptr<const Activation> user_elementwise(const UserFunction& f) {
  const Curve phi = ordinary_values(f);
  for (Eigen::Index i = 0; i < phi.value.size(); ++i)
    if (!std::isfinite(phi.value(i, 0) * std::exp(phi.scale(i, 0))))
      throw activation_refusal(f.name, "overflows at x = " + shown(ordinary_fields()(i, 0)) +
                                           ": needs to be finite from -20 to 20");
  return elementwise(info_of(f, "phi(chi_l)"), f.phi);
}

std::shared_ptr<const Activation> user_kernel(const UserFunction& f) {
  const Curve phi = ordinary_values(f);
  const Batch x = ordinary_fields();
  for (Eigen::Index i = 0; i < x.size(); ++i)
    if (phi.value(i, 0) < 0)
      throw activation_refusal(
          f.name, "is negative at x = " + shown(x(i, 0)) + ": a kernel needs values >= 0 from -20 to 20");
  if ((phi.value == 0).all())
    throw activation_refusal(f.name, "vanishes from -20 to 20: a kernel needs values > 0");

  ActivationInfo info = info_of(f, "phi(chi_l)/sum_m phi(chi_m)");
  if (const double slope = exponential_rate(f); slope != 0) return softmax_of_slope(info, slope);

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
                [phi = f.phi](const Batch& chi) {
                  Curve at = phi(chi);
                  at.value = (at.value < 0).select(NAN, at.value);  // beyond the fields that were checked
                  return at;
                },
                {.transition = transition});
}

void check_derivatives(const UserFunction& f) {
  constexpr double step = 1e-4, allowed = 1e-4;
  const Batch x = ordinary_fields().topRows(400) + 0.0437;  // within -20 to 20
  const auto at = [&](double shift) {
    Curve phi = scaled(f, x + shift);
    for (Batch* values : {&phi.value, &phi.first, &phi.second}) *values *= phi.scale.exp();
    return phi;
  };
  const Curve here = at(0), above = at(step), below = at(-step);
  const Batch size = here.value.abs() + here.first.abs() + here.second.abs();
  const auto compare = [&](const Batch& given, const Batch& high, const Batch& low, const char* what,
                           const char* of) {
    const Batch found = (high - low) / (2 * step);
    for (Eigen::Index i = 0; i < x.size(); ++i)
      if (!(std::abs(given(i, 0) - found(i, 0)) <= allowed * size(i, 0)))
        throw activation_refusal(f.name, std::string("its ") + what + " is " + std::to_string(given(i, 0)) +
                                             " at x = " + shown(x(i, 0)) + ", where differences of its " +
                                             of + " give " + std::to_string(found(i, 0)) +
                                             ": needs to be the derivative");
  };
  compare(here.first, above.value, below.value, "derivative", "value");
  compare(here.second, above.first, below.first, "second derivative", "derivative");
}

}  // namespace quenched
