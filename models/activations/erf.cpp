#include <cmath>
#include <numbers>
#include <quenched/invalid_input.hpp>
#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {
namespace {

double offset(const std::string& parameter) {
  std::size_t read = 0;
  double c = NAN;
  try {
    c = std::stod(parameter, &read);
  } catch (const std::exception&) {  // c stays NaN
  }
  if (!std::isfinite(c) || read != parameter.size())
    throw InvalidInput("activation", "erf:" + parameter,
                       "needs a finite number after the colon, as in erf:-1.5");
  return c;
}

}  // namespace

/// sigma_l = 1 + erf(c + chi_l), "erf:c". Plain "erf" is tunable; until tuned c = 0.
std::shared_ptr<const Activation> make_erf(const std::string& parameter) {
  const double c = parameter.empty() ? 0 : offset(parameter);
  const auto phi = [c](const Batch& x) -> Curve {
    const Batch y = c + x, slope = 2 * std::numbers::inv_sqrtpi * vector_math::exp(-y.square());
    return {2 * vector_math::normal_cdf(std::numbers::sqrt2 * y), slope, -2 * y * slope};
  };
  return elementwise({.name = parameter.empty() ? "erf" : "erf:" + parameter,
                      .formula = "1 + erf(c + chi_l)",
                      .source = "arXiv:2509.21936",
                      .tunable = parameter.empty()},
                     phi);
}

}  // namespace quenched
