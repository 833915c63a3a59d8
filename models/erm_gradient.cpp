#include <quenched/erm_gradient.hpp>
#include <quenched/fixed_point.hpp>

#include <Eigen/LU>

#include <cmath>
#include <functional>

#include "erm_equations.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

constexpr int test_error = 6;  // its row in ErmEquations::update
// Wide: jumps of the proximal point, found to a grid cell, make the averages rough on the scale of 1e-7.
constexpr double relative_step = 2e-3;

/// The six updates and the test error against one parameter: central where the parameter may go down, else one-sided
/// of second order.
VectorXd slope(const std::function<VectorXd(double)>& at, double p, bool bounded_by_0) {
  const double h = relative_step * (1 + std::abs(p));
  if (!bounded_by_0 || p > h) return (at(p + h) - at(p - h)) / (2 * h);
  return (4 * at(p + h) - 3 * at(p) - at(p + 2 * h)) / (2 * h);
}

/// Carries the direct change of (F, T) with a parameter through the fixed point.
class Implicit {
 public:
  Implicit(const ErmEquations& equations, const VectorXd& x)
      : J_(jacobian([&](const VectorXd& at) { return equations.update(at); }, x, relative_step,
                    [&](const VectorXd& at) { return equations.feasible(at); })),
        newton_(Eigen::MatrixXd::Identity(6, 6) - J_.topRows(6)) {}
  [[nodiscard]] double operator()(const VectorXd& direct) const {
    return direct[test_error] + J_.row(test_error) * newton_.solve(direct.head(6));
  }

 private:
  Eigen::MatrixXd J_;
  Eigen::PartialPivLU<Eigen::MatrixXd> newton_;
};

struct RidgeSlopes {
  const ErmEquations& equations;
  const VectorXd& x;
  const Eigen::ArrayXd means;
  double alpha, ridge_k, ridge_v;
  // A ridge keeps its sign: differences in its logarithm.
  [[nodiscard]] VectorXd k() const {
    return slope([&](double t) { return equations.with(alpha, std::exp(t), ridge_v).update(x, means); }, std::log(ridge_k), false) / ridge_k;
  }
  [[nodiscard]] VectorXd v() const {
    return slope([&](double t) { return equations.with(alpha, ridge_k, std::exp(t)).update(x, means); }, std::log(ridge_v), false) / ridge_v;
  }
  [[nodiscard]] VectorXd samples() const {
    return slope([&](double t) { return equations.with(std::exp(t), ridge_k, ridge_v).update(x, means); }, std::log(alpha), false) / alpha;
  }
};

ErmGradient gradient(const Problem& problem, const Activation& activation, double alpha, double ridge_k, double ridge_v,
                     const VectorXd& x, const ChannelOptions& resolution) {
  const ErmEquations equations(problem, activation, alpha, ridge_k, ridge_v, resolution);
  const Implicit total(equations, x);
  const RidgeSlopes direct{equations, x, equations.means(x, false).value, alpha, ridge_k, ridge_v};
  ErmGradient g{total(direct.samples()), total(direct.k()), total(direct.v()), unknown, unknown};
  const auto updated = [&](const Problem& changed) {
    return ErmEquations(changed, activation, alpha, ridge_k, ridge_v, resolution).update(x);
  };
  g.noise = total(slope([&](double Delta) { return updated({problem.task, problem.lengths, Delta}); }, problem.noise, true));
  const double nu = problem.task->signal();
  if (std::isfinite(nu))
    g.signal = total(slope(
        [&](double signal) { return updated({make_task(problem.task->name(), signal), problem.lengths, problem.noise}); }, nu, true));
  return g;
}

}  // namespace

ErmDerivatives erm_derivatives(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
                               double ridge_v, const ErmResult& solution, const ErmOptions& options) {
  const VectorXd x = ErmEquations::vector(solution.overlaps);
  const auto at_level = [&](int level) {
    return gradient(problem, activation, alpha, ridge_k, ridge_v, x, {level, options.seed, options.threads});
  };
  const ErmGradient fine = at_level(solution.level), coarse = at_level(solution.level - 1);
  const auto change = [&](double ErmGradient::* p) { return std::abs(fine.*p - coarse.*p); };
  return {fine,
          {change(&ErmGradient::alpha), change(&ErmGradient::ridge_k), change(&ErmGradient::ridge_v),
           change(&ErmGradient::noise), change(&ErmGradient::signal)}};
}

Eigen::Vector2d erm_ridge_gradient(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
                                   double ridge_v, const ErmResult& solution, const ErmOptions& options) {
  const VectorXd x = ErmEquations::vector(solution.overlaps);
  const ErmEquations equations(problem, activation, alpha, ridge_k, ridge_v, {solution.level, options.seed, options.threads});
  const Implicit total(equations, x);
  const RidgeSlopes direct{equations, x, equations.means(x, false).value, alpha, ridge_k, ridge_v};
  return {total(direct.k()), total(direct.v())};
}

}  // namespace quenched
