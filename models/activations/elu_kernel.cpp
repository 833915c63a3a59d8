#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = phi(chi_l)/sum_m phi(chi_m), phi(x) = 1 + x for x > 0, exp(x) for x <= 0; phi'' jumps at 0.
std::shared_ptr<const Activation> make_elu_kernel(const std::string& parameter) {
  refuse_parameter("elu-kernel", parameter);
  const auto phi = [](const Batch& x) -> Curve {
    const Batch slope = vector_math::exp(x.min(0));
    return {x.max(0) + slope, slope, (x > 0).select(0, slope)};
  };
  return kernel({.name = "elu-kernel",
                 .formula = "(1 + ELU(chi_l))/sum_m (1 + ELU(chi_m))",
                 .source = "Katharopoulos et al., arXiv:2006.16236",
                 .smooth = false},
                phi, {.shift = beyond_tail, .transition = itself});
}

}  // namespace quenched
