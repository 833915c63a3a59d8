#include "activation_shapes.hpp"

namespace quenched {

/// sigma_l = phi(chi_l)/sum_m phi(chi_m), phi(x) = 1 + x + x^2/2 >= 1/2, the second-order Taylor polynomial
/// of exp.
std::shared_ptr<const Activation> make_taylor_2(const std::string& parameter) {
  refuse_parameter("taylor-2", parameter);
  const auto phi = [](const Batch& x) -> Curve {
    return {1 + x + x.square() / 2, 1 + x, Batch::Ones(x.rows(), x.cols())};
  };
  return kernel({.name = "taylor-2",
                 .formula = "(1 + chi_l + chi_l^2/2)/sum_m (1 + chi_m + chi_m^2/2)",
                 .source = "de Brebisson & Vincent, arXiv:1511.05042"},
                phi);
}

}  // namespace quenched
