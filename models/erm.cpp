#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <quenched/erm.hpp>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>

#include "erm_equations.hpp"
#include "symmetry.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

void check(double alpha, double ridge_k, double ridge_v, const ErmOptions& options) {
  const auto positive = [](const char* key, double value) {
    if (!(value > 0) || std::isinf(value))
      throw InvalidInput(key, std::to_string(value), "needs a finite number > 0");
  };
  positive("alpha", alpha), positive("ridge_k", ridge_k), positive("ridge_v", ridge_v);
  positive("tolerance", options.tolerance);
}

double jump_weight(const Eigen::ArrayXd& m) {
  return m[Vhat_k] == m[pointwise_k] ? 0 : (m[Vhat_k] - m[pointwise_k]) / m[Vhat_k];
}

}  // namespace

ErmResult erm(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
              double ridge_v, const ErmOptions& options) {
  check(problem);
  check(alpha, ridge_k, ridge_v, options);
  if (activation.info().name == "hardmax")
    throw InvalidInput("activation", "hardmax",
                       "has no slope: its proximal point lies on ties, which ERM does not follow");
  ErmResult result;
  VectorXd x =
      ErmEquations::vector(options.from ? *options.from : erm_start(options.start, ridge_k, ridge_v));
  Eigen::MatrixXd J;  // of the six updates and three observables, by the six order parameters
  const int finest =
      options.points > 0
          ? std::clamp(static_cast<int>(std::lround(std::log2(options.points / 4096.0) / 2)), 0, 8)
          : finest_level(problem, activation.info());
  const double residual_target = std::max(1e-10, 1e-2 * options.tolerance);

  double worst = INFINITY;  // error of the last resolution, relative to the tolerance's scale
  for (int level = 0;;) {
    const ErmEquations equations(problem, activation, alpha, ridge_k, ridge_v,
                                 {level, options.seed, options.threads});
    const Map full = [&](const VectorXd& at) { return equations.update(at); };
    FixedPointOptions solve{.tolerance = residual_target,
                            .damped_steps = J.size() == 0 && !options.from ? 8 : 0,
                            .feasible = [&](const VectorXd& at) { return equations.feasible(at); }};
    Eigen::PartialPivLU<Eigen::MatrixXd> newton;  // of I - J
    const bool first = J.size() == 0;
    const auto step_to = [&](const VectorXd& at) {  // Newton's, with the Jacobian of the coarse rule
      const VectorXd next = x + newton.solve(at.head(6) - x);
      if (solve.feasible(next)) x = next;
      ++result.certificate.iterations;
    };
    const auto distance = [&](const VectorXd& at) {
      return ((at.head(6) - x).array() / (1 + x.array().abs())).abs().maxCoeff();
    };
    bool reached = true;
    if (first) {
      const Map map = [&](const VectorXd& at) -> VectorXd { return full(at).head(6); };
      FixedPointReport report = fixed_point(map, x, solve);
      result.certificate.iterations += report.iterations;
      if (!report.reached()) {  // a long transient, as of many tokens: longer damped
        solve.damped_steps = 60;
        report = fixed_point(map, x, solve);
        result.certificate.iterations += report.iterations;
      }
      x = report.x, reached = report.reached();
      J = jacobian(full, x, 1e-4, solve.feasible);
    }
    newton.compute(Eigen::MatrixXd::Identity(6, 6) - J.topRows(6));
    if (!first) step_to(full(x));
    ChannelMeans means = equations.means(x, true);
    VectorXd at = equations.update(x, means.value);
    const double close = std::max(residual_target, 0.05 * worst);
    for (int pass = 0; !first && pass < 10 && distance(at) > close; ++pass) {
      step_to(at);
      means = equations.means(x, true);
      at = equations.update(x, means.value);
    }
    reached = reached && (first || distance(at) <= close);

    // delta x = (I - J)^-1 delta F for every independent error of the rule, and for the residual that is
    // left.
    const auto carried = [&](VectorXd change) {
      change.head(6) = newton.solve(change.head(6)).eval();
      change.tail(3) += J.bottomRows(3) * change.head(6);
      return change.array().square().eval();
    };
    VectorXd residual = VectorXd::Zero(ErmEquations::rows);
    residual.head(6) = at.head(6) - x;
    Eigen::ArrayXd error = carried(2 * residual);  // once would be the error itself, to first order: no bound
    Certificate& c = result.certificate;
    c.stability_eigenvalue = equations.replicon(x, means.value);
    double eigenvalue_error = 0;
    for (Eigen::Index r = 0; r < means.deviation.rows(); ++r) {
      const Eigen::ArrayXd moved = means.value + means.deviation.row(r).transpose();
      error += carried(equations.update(x, moved) - at);
      eigenvalue_error += std::pow(equations.replicon(x, moved) - c.stability_eigenvalue, 2);
    }
    error = error.sqrt().eval();
    c.stability_error = std::sqrt(eigenvalue_error);
    c.converged = reached;
    c.residual = distance(at);
    c.integration_rule = equations.rule();
    c.integration_error = error.maxCoeff();
    c.jump_weight = std::abs(jump_weight(means.value));
    c.jump_weight_direct = means.value[jumps_k] / std::abs(means.value[Vhat_k]);
    c.jump_weight_direct_error =
        std::sqrt(means.deviation.col(jumps_k).square().sum()) / std::abs(means.value[Vhat_k]);
    c.competing = means.value[competing];
    result.level = level;
    result.overlaps = ErmEquations::overlaps(x);
    using E = ErmEquations;
    result.test_error = at[E::test_error], result.train_error = at[E::train_error],
    result.energy = at[E::energy];
    result.uncertainty = {error[E::test_error], error[E::train_error], error[E::energy],
                          E::overlaps(error.head(6))};
    VectorXd values(E::rows);
    values << x, at.tail(3);
    worst = (error / values.array().abs().max(1)).maxCoeff();
    if (worst <= options.tolerance || level >= finest || !std::isfinite(worst)) {
      if (options.branches > 0 && c.converged)
        result.branches =
            erm_branches(problem, activation, alpha, ridge_k, ridge_v, result.overlaps, options);
      while (result.branch < result.branches.size() && result.branches[result.branch].start != "this")
        ++result.branch;
      if (result.branch > 0 && options.start == Start::informed) {
        ErmOptions there = options;
        there.from = result.branches.front().overlaps;
        there.branches = 0;
        ErmResult better = erm(problem, activation, alpha, ridge_k, ridge_v, there);
        if (better.certificate.converged && better.energy < result.energy) {
          better.branches = std::move(result.branches);
          return better;
        }
      }
      if (options.symmetry && c.converged) {
        const auto symmetry =
            symmetry_eigenvalue(problem, activation, alpha, result.overlaps, options.seed, options.threads);
        c.symmetry_eigenvalue = symmetry.value, c.symmetry_error = symmetry.error;
      }
      judge(c, {.reached = c.converged,
                .error = worst,
                .tolerance = options.tolerance,
                .better_branch = result.branch > 0});
      return result;
    }
    // A sampled rule's error falls like its step; those of the others fall faster than can be foretold.
    const int missing = static_cast<int>(std::ceil(std::log2(worst / options.tolerance) / 2));
    level = std::min(finest, level + (samples(problem, activation.info()) ? std::max(1, missing)
                                      : missing > 2                       ? 2
                                                                          : 1));
  }
}

}  // namespace quenched
