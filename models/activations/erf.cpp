#include <numbers>
#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {
/// sigma_l = 1 + erf(c + chi_l), "erf:c". Plain "erf" is tunable; until tuned c = 0.
std::shared_ptr<const Activation> make_erf(const std::string& parameter) {
  const double c = parameter.empty() ? 0 : number_in("erf", parameter);
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
