#include <array>
#include <cmath>
#include <functional>
#include <quenched/erm_gradient.hpp>
#include <quenched/fixed_point.hpp>
#include <quenched/linearised_map.hpp>

#include "erm_equations.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

// Wide: jumps of the proximal point, found to a grid cell, make the averages rough on the scale of 1e-7.
constexpr double relative_step = 2e-3;

/// The six updates and the test error against one parameter: central where the parameter may go down, else
/// one-sided of second order.
VectorXd slope(const std::function<VectorXd(double)>& at, double p, bool bounded_by_0) {
  const double h = relative_step * (1 + std::abs(p));
  if (!bounded_by_0 || p > h) return (at(p + h) - at(p - h)) / (2 * h);
  return (4 * at(p + h) - 3 * at(p) - at(p + 2 * h)) / (2 * h);
}

/// dT/dp at x for one parameter after another; alpha and the ridges do not enter the channels, whose means
/// serve all.
class Gradient {
 public:
  Gradient(const Problem& problem, const Activation& activation, double alpha, double ridge_k, double ridge_v,
           const OrderParameters& o, const ChannelOptions& resolution)
      : problem_(problem),
        activation_(activation),
        p_{alpha, ridge_k, ridge_v},
        x_(ErmEquations::vector(o)),
        resolution_(resolution),
        equations_(problem, activation, alpha, ridge_k, ridge_v, resolution),
        means_(equations_.means(x_, Detail::means).value),
        map_(jacobian([&](const VectorXd& at) { return equations_.update(at); }, x_, relative_step,
                      [&](const VectorXd& at) { return equations_.feasible(at); })) {}

  [[nodiscard]] double alpha() const { return along(0); }
  [[nodiscard]] double ridge_k() const { return along(1); }
  [[nodiscard]] double ridge_v() const { return along(2); }
  [[nodiscard]] double noise() const {
    return total(slope(
        [&](double Delta) {
          return updated({problem_.task, problem_.lengths, Delta});
        },
        problem_.noise, true));
  }
  [[nodiscard]] double signal() const {
    const double nu = problem_.task->signal();
    if (!std::isfinite(nu)) return unknown;
    return total(slope(
        [&](double signal) {
          return updated({make_task(problem_.task->name(), signal), problem_.lengths, problem_.noise});
        },
        nu, true));
  }

 private:
  /// dT/dp from the direct change of all rows.
  [[nodiscard]] double total(const VectorXd& direct) const {
    return map_.carried(direct)[ErmEquations::test_error];
  }
  /// These three stay positive: differences in the logarithm.
  [[nodiscard]] double along(std::size_t i) const {
    const auto at = [&](double t) {
      auto p = p_;
      p[i] = std::exp(t);
      return equations_.with(p[0], p[1], p[2]).update(x_, means_);
    };
    return total(slope(at, std::log(p_[i]), false) / p_[i]);
  }
  [[nodiscard]] VectorXd updated(const Problem& changed) const {
    return ErmEquations(changed, activation_, p_[0], p_[1], p_[2], resolution_).update(x_);
  }

  const Problem& problem_;
  const Activation& activation_;
  std::array<double, 3> p_;
  VectorXd x_;
  ChannelOptions resolution_;
  ErmEquations equations_;
  Eigen::ArrayXd means_;
  LinearisedMap map_;
};

}  // namespace

ErmDerivatives erm_derivatives(const Problem& problem, const Activation& activation, double alpha,
                               double ridge_k, double ridge_v, const ErmResult& solution,
                               const ErmOptions& options) {
  const auto at_level = [&](int level) -> ErmGradient {
    const Gradient g(problem, activation, alpha, ridge_k, ridge_v, solution.overlaps,
                     {level, options.seed, options.threads});
    return {g.alpha(), g.ridge_k(), g.ridge_v(), g.noise(), g.signal()};
  };
  const ErmGradient fine = at_level(solution.level), coarse = at_level(solution.level - 1);
  const auto change = [&](double ErmGradient::*p) { return std::abs(fine.*p - coarse.*p); };
  return {fine,
          {change(&ErmGradient::alpha), change(&ErmGradient::ridge_k), change(&ErmGradient::ridge_v),
           change(&ErmGradient::noise), change(&ErmGradient::signal)}};
}

Eigen::Vector2d erm_ridge_gradient(const Problem& problem, const Activation& activation, double alpha,
                                   double ridge_k, double ridge_v, const ErmResult& solution,
                                   const ErmOptions& options) {
  const Gradient g(problem, activation, alpha, ridge_k, ridge_v, solution.overlaps,
                   {solution.level, options.seed, options.threads});
  return {g.ridge_k(), g.ridge_v()};
}

}  // namespace quenched
