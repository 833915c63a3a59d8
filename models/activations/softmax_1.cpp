#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = exp(chi_l)/(1 + sum_m exp(chi_m)): softmax beside a token at 0 that may take all.
std::shared_ptr<const Activation> make_softmax_1(const std::string& parameter) {
  refuse_parameter("softmax-1", parameter);
  const auto phi = [](const Batch& x) -> Curve {
    const Batch e = vector_math::exp(x);
    return {e, e, e};
  };
  return kernel({.name = "softmax-1",
                 .formula = "exp(chi_l)/(1 + sum_m exp(chi_m))",
                 .source = "arXiv:2603.03993",
                 .exponential = true},
                phi, {.Z0 = 1, .shift = at_least_zero, .transition = at_least_zero});
}

}  // namespace quenched
