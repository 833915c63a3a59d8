#include <gsl/gsl_integration.h>

#include <cmath>
#include <numbers>

#include "rules.hpp"

namespace quenched::rules {

std::shared_ptr<const Nodes> hermite_nodes(int n) {
  const std::unique_ptr<gsl_integration_fixed_workspace, void (*)(gsl_integration_fixed_workspace*)> rule(
      gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, static_cast<std::size_t>(n), 0, 0.5, 0, 0),
      gsl_integration_fixed_free);
  using Column = Eigen::Map<const Eigen::ArrayXd>;
  return std::make_shared<const Nodes>(
      Nodes{Column(gsl_integration_fixed_nodes(rule.get()), n),
            Column(gsl_integration_fixed_weights(rule.get()), n) / std::sqrt(2 * std::numbers::pi)});
}

Outcome gauss_hermite(const Problem& problem) {
  // Even orders only: no node at 0, where people put singularities.
  constexpr int per_axis[] = {4, 6, 8, 12, 18, 26, 40, 60, 90, 136, 200};
  int last = 0;
  Outcome out = refine(problem, [&](int k) {
    if (k == std::ssize(per_axis) || std::pow(per_axis[k], problem.d) > static_cast<double>(problem.budget))
      return Level{};
    last = per_axis[k];
    TensorGrid grid;
    const auto centred = hermite_nodes(last);
    for (int a = 0; a < problem.d;
         ++a) {  // every second level uses the nodes of N(shift, 1), reweighted to N(0, 1)
      const double shift = k % 2 * 0.4 * irregular(a);
      grid.axes.push_back(std::make_shared<const Nodes>(
          Nodes{centred->x + shift, centred->w * (-shift * centred->x - shift * shift / 2).exp()}));
    }
    return Level{grid};
  });
  out.note = std::to_string(last) + " nodes a dimension";
  return out;
}

}  // namespace quenched::rules
