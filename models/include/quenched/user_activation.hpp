#pragma once
#include <quenched/activation.hpp>
#include <quenched/curve.hpp>

namespace quenched {

/// A function of the user's of one field, with two derivatives.
struct UserFunction {
  std::string name;  // of the activation made of it, in records
  std::string text;  // phi(x) = text, for a person
  CurveOf phi;       // called from many threads
  bool smooth = true;
};

/// sigma_l = phi(chi_l)/sum_m phi(chi_m), uniform where all vanish. Where phi = C exp(a x) to rounding, that
/// is softmax:a, and computed as such. Throws InvalidInput (key `activation`) unless phi is finite with its
/// derivatives, >= 0 and not 0 everywhere at x = -20, -19.9, ..., 20. Beyond, a value < 0 is not a number.
[[nodiscard]] std::shared_ptr<const Activation> user_kernel(const UserFunction& function);

/// sigma_l = phi(chi_l). Throws InvalidInput unless phi is finite with its derivatives at the same x.
[[nodiscard]] std::shared_ptr<const Activation> user_elementwise(const UserFunction& function);

/// Throws InvalidInput where a derivative is not what differences of the value, or of the derivative before
/// it, give: to 1e-4 of value and derivatives, at 400 points from -20 to 20 that lie off the tenths, where
/// kinks are likely.
void check_derivatives(const UserFunction& function);

/// While this lives, make_activation knows `activation` by its info().name. Throws InvalidInput when another
/// has that name.
class OfferedActivation {
 public:
  explicit OfferedActivation(const std::shared_ptr<const Activation>& activation);
  ~OfferedActivation();
  OfferedActivation(const OfferedActivation&) = delete;
  OfferedActivation& operator=(const OfferedActivation&) = delete;

 private:
  std::string name_;
};

}  // namespace quenched
