#include <algorithm>
#include <cmath>
#include <quenched/erm.hpp>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>
#include <utility>

#include "erm_equations.hpp"
#include "symmetry.hpp"

namespace quenched {
using Eigen::VectorXd;

ErmResult erm(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
              double ridge_v, const ErmOptions& options) {
  check_erm(problem, activation, alpha, ridge_k, ridge_v);
  if (!(options.tolerance > 0) || std::isinf(options.tolerance))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a finite number > 0");
  ErmResult result;
  Certificate& c = result.certificate;
  using E = ErmEquations;
  const auto work = std::make_shared<WorkLimit>(options.work / 2);
  bool stopped = false;
  const auto at_level = [&](int level) {
    return E(problem, activation, alpha, ridge_k, ridge_v, {level, options.seed, options.threads, work});
  };
  const int finest =
      options.points > 0 ? level_of(options.points, 8) : finest_level(problem, activation.info());
  const double residual_target = std::max(1e-10, 1e-2 * options.tolerance);
  LinearisedMap newton;  // of a rule perhaps coarser, learning
  // Newton's second step over its first at the latest level that took two, and how long that was.
  double shrinks = NAN, first_length = 0;
  VectorXd x = E::vector(options.from ? *options.from : erm_start(options.start, ridge_k, ridge_v));

  double worst = INFINITY;  // error of the last resolution, relative to the tolerance's scale
  VectorXd seen, seen_at;   // the latest iterate, and what the map makes of it
  const auto size = [&](const VectorXd& step) {
    return (step.array() / (1 + x.array().abs())).abs().maxCoeff();
  };
  try {
    for (int level = coarsest_level(problem, activation.info());;) {
      const E equations = at_level(level);
      if (c.integration_rule.empty()) c.integration_rule = equations.rule();
      const auto feasible = [&](const VectorXd& y) { return equations.feasible(y); };
      ChannelMeans means;
      bool first_step = true;
      const auto solve = [&](const FixedPointOptions& how) {
        FixedPointReport report = fixed_point(
            [&](const VectorXd& y) {
              means.value = equations.means(y, Detail::means).value;
              const VectorXd at = equations.update(y, means.value);
              if (newton.known()) {
                const double ratio = newton.learn(seen, seen_at, y, at);
                if (std::exchange(first_step, false)) shrinks = ratio, first_length = size(y - seen);
              }
              seen = y, seen_at = at;
              return newton.next(y, at);
            },
            x, how);
        c.iterations += report.iterations;
        if (report.reached()) x = report.x;
        return report;
      };
      // Small beside the error that this resolution may reach, though the sampled rule leaps a little as
      // minima are searched again.
      const double close =
          std::max(residual_target,
                   0.05 * std::clamp(options.tolerance, std::isfinite(worst) ? worst / 30 : 0, worst));
      VectorXd at, residual = VectorXd::Zero(E::rows);
      bool reached = false;
      if (newton.known()) {
        means = equations.means(x, Detail::errors), at = equations.update(x, means.value);
        seen = x, seen_at = at;
        ++c.iterations;
        residual.head(6) = at.head(6) - x;
        reached = size(residual.head(6)) <= close;
        const VectorXd next = newton.next(x, at);
        const double length = size(next - x);
        const double left = shrinks * std::max(1.0, length / first_length);  // a longer step leaves more
        if (!reached && feasible(next) && left * length <= close) {
          at += newton.carried(residual) - residual;  // the step is taken, its end foretold
          x = next, residual *= left;
          reached = true;
        } else if (!reached && feasible(next)) {
          x = next;  // and the errors are as good there
          const FixedPointReport report = solve({.tolerance = close,
                                                 .max_iterations = 25,
                                                 .anderson_memory = 0,
                                                 .damping = 1,
                                                 .feasible = feasible});
          if (!report.reached()) x = report.x, means.value = equations.means(x, Detail::means).value;
          at = equations.update(x, means.value), residual.head(6) = at.head(6) - x;
          reached = report.reached();  // by Newton's step: where the map contracts strongly F(x) - x is more
          if (report.iterations > (level > 0 ? 8 : 3) && (reached || level > 0))
            newton = LinearisedMap(equations.derivative(x, at)), shrinks = NAN;
        }
      }
      if (!reached && (!newton.known() || level <= 0)) {
        newton = LinearisedMap();
        FixedPointReport report =
            solve({.tolerance = residual_target, .damped_steps = options.from ? 0 : 8, .feasible = feasible});
        if (!report.reached())  // a long transient, as of many tokens: longer damped
          report = solve({.tolerance = residual_target, .damped_steps = 60, .feasible = feasible});
        if (!report.reached() && level < 0) {  // too coarse to have a fixed point here
          ++level;
          continue;
        }
        for (const double damping : {0.25, 0.1})  // a map that turns strongly swings: eigenvalues far below -1
          if (!report.reached())
            report = solve({.tolerance = residual_target,
                            .max_iterations = 600,
                            .damped_steps = static_cast<int>(40 / damping),
                            .damping = damping,
                            .feasible = feasible});
        x = report.x, reached = report.reached();
        means = equations.means(x, Detail::errors), at = equations.update(x, means.value);
        newton = LinearisedMap(equations.derivative(x, at));
        residual.head(6) = at.head(6) - x;
      }

      // Once the residual would be the error itself, to first order: no bound.
      Eigen::ArrayXd error = newton.carried(2 * residual).array().square();
      for (Eigen::Index r = 0; r < means.deviation.rows(); ++r) {
        const VectorXd moved = equations.update(x, means.value + means.deviation.row(r).transpose());
        error += newton.carried(moved - equations.update(x, means.value)).array().square();
      }
      error = error.sqrt().eval();
      c.converged = reached;
      c.residual = size(residual.head(6));
      c.integration_rule = equations.rule();
      c.integration_error = error.maxCoeff();
      result.level = level;
      result.overlaps = E::overlaps(x);
      result.test_error = at[E::test_error], result.train_error = at[E::train_error];
      result.energy = at[E::energy];
      result.uncertainty = {error[E::test_error], error[E::train_error], error[E::energy],
                            E::overlaps(error.head(6))};
      VectorXd values(E::rows);
      values << x, at.tail(3);
      worst = (error / values.array().abs().max(1)).maxCoeff();
      if (worst <= options.tolerance || level >= finest || !std::isfinite(worst)) break;
      // A sampled rule's error falls like its step; those of the others fall faster than can be foretold.
      const int missing = static_cast<int>(std::ceil(std::log2(worst / options.tolerance) / 2));
      level = std::min(finest, level + (samples(problem, activation.info()) ? std::max(1, missing)
                                        : missing > 2                       ? 2
                                                                            : 1));
    }
  } catch (const OutOfWork&) {
    stopped = true;
    if (std::isnan(c.integration_error) && seen.size() > 0) {  // not one resolution is through
      result.overlaps = E::overlaps(seen);
      result.test_error = seen_at[E::test_error], result.train_error = seen_at[E::train_error];
      result.energy = seen_at[E::energy];
      c.residual = ((seen_at.head(6) - seen).array() / (1 + seen.array().abs())).abs().maxCoeff();
    }
    x = E::vector(result.overlaps);
  }

  if (options.branches > 0 && c.converged) {
    ErmOptions part = options;
    part.work /= 6;
    try {
      result.branches = erm_branches(problem, activation, alpha, ridge_k, ridge_v, result.overlaps, part);
    } catch (const OutOfWork&) {
      stopped = true;
    }
  }
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
  // The responses vary strongly from sample to sample: no finer than their verdict needs.
  work->begin(options.work / 6);
  for (int level = first_level(problem, activation.info()); options.responses && x.allFinite(); ++level) {
    try {
      const E equations = at_level(level);
      const ChannelMeans means = equations.means(x, Detail::responses);
      equations.set_stability(c, x, means);
      equations.set_jumps(c, means);
    } catch (const OutOfWork&) {
      stopped = stopped || std::isnan(c.stability_eigenvalue);
      break;
    }
    const double error = c.stability_error;
    const bool sided = std::abs(c.stability_eigenvalue - 1) > 4 * error,
               sharp = error <= 0.1 * std::max(0.75, c.stability_eigenvalue),
               jumps_known = jumps_matter(c).has_value();
    const int enough = std::max(result.level, !sided ? 4 : !jumps_known ? 2 : 1);
    if ((sided && sharp && jumps_known) || level >= std::min(finest, enough) || !c.converged) break;
  }
  if (options.symmetry && c.converged) {
    work->begin(options.work / 6);
    const auto symmetry =
        symmetry_eigenvalue(problem, activation, alpha, result.overlaps, options.seed, options.threads, work);
    c.symmetry_eigenvalue = symmetry.value, c.symmetry_error = symmetry.error;
  }
  judge(c, {.reached = c.converged,
            .error = worst,
            .tolerance = options.tolerance,
            .stopped = stopped,
            .better_branch = result.branch > 0});
  return result;
}

}  // namespace quenched
