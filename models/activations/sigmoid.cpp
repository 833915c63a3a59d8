#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = 1/(1 + exp(-chi_l)).
std::shared_ptr<const Activation> make_sigmoid(const std::string& parameter) {
  refuse_parameter("sigmoid", parameter);
  return elementwise(
      {.name = "sigmoid", .formula = "1/(1 + exp(-chi_l))", .source = "Ramapuram et al., arXiv:2409.04431"},
      logistic);
}

}  // namespace quenched
