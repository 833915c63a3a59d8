#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = max(chi_l, 0).
std::shared_ptr<const Activation> make_relu(const std::string& parameter) {
  refuse_parameter("relu", parameter);
  return elementwise({.name = "relu",
                      .formula = "max(chi_l, 0)",
                      .source = "ReLA without its normalisation, arXiv:2104.07012",
                      .smooth = false},
                     rectifier);
}

}  // namespace quenched
