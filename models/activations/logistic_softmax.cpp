#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = phi(chi_l)/sum_m phi(chi_m), phi(x) = 1/(1 + exp(-x)).
std::shared_ptr<const Activation> make_logistic_softmax(const std::string& parameter) {
  refuse_parameter("logistic-softmax", parameter);
  return kernel({.name = "logistic-softmax",
                 .formula = "S(chi_l)/sum_m S(chi_m), S(x) = 1/(1 + exp(-x))",
                 .source = "Galy-Fajou et al., arXiv:1905.09670"},
                logistic, {.shift = beyond_tail, .transition = at_most_zero});
}

}  // namespace quenched
