#include <quenched/vector_math.hpp>

#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = phi(chi_l)/sum_m phi(chi_m), phi(x) = log(1 + exp(x)).
std::shared_ptr<const Activation> make_softplus(const std::string& parameter) {
  refuse_parameter("softplus", parameter);
  const auto phi = [](const Batch& x) -> Curve {
    Curve slope = logistic(x);
    return {x.max(0) + vector_math::log1p(vector_math::exp(-x.abs())), std::move(slope.value),
            std::move(slope.first)};
  };
  return kernel({.name = "softplus",
                 .formula = "log(1 + exp(chi_l))/sum_m log(1 + exp(chi_m))",
                 .source = "arXiv:2509.21936"},
                phi, {.shift = beyond_tail, .transition = itself});
}

}  // namespace quenched
