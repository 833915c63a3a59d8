#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = max(chi_l, 0)/sum_m max(chi_m, 0), uniform where no field is positive.
std::shared_ptr<const Activation> make_relu_kernel(const std::string& parameter) {
  refuse_parameter("relu-kernel", parameter);
  return kernel({.name = "relu-kernel",
                 .formula = "max(chi_l, 0)/sum_m max(chi_m, 0)",
                 .source = "arXiv:2104.07012, normalised by the sum",
                 .smooth = false},
                rectifier, {.transition = at_least_zero});
}

}  // namespace quenched
