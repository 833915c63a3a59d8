#include <algorithm>
#include <cmath>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/state_evolution.hpp>

#include "bayes_equations.hpp"
#include "erm_equations.hpp"

namespace quenched {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// One resolution of a map whose first rows are the updated order parameters and whose last is the test error
/// at x.
struct Resolution {
  Map update;
  /// The same, and columns of changes that its errors may make, the same directions at every x.
  std::function<VectorXd(const VectorXd& x, MatrixXd& changes)> with_errors;
  std::string rule;
};

/// The path x(0), x(1), ...: values and errors of (x, test error), one column an iteration; shorter than
/// asked for when it leaves what is feasible.
struct EvolutionPath {
  MatrixXd values, errors;
};

EvolutionPath path_of(const Resolution& fine, const Map& coarse,
                      const std::function<bool(const VectorXd&)>& feasible, VectorXd x, int iterations) {
  const Eigen::Index n = x.size();
  EvolutionPath path{MatrixXd(n + 1, iterations + 1), MatrixXd(n + 1, iterations + 1)};
  MatrixXd carried;  // what each direction has changed x by
  for (int t = 0;; ++t) {
    MatrixXd changes;
    const VectorXd next = fine.with_errors(x, changes);
    if (t > 0) {
      const Eigen::Index directions =
          std::max(changes.cols(), carried.cols());  // a rule may give way to another
      const auto widen = [&](MatrixXd& m) {
        const Eigen::Index had = m.cols();
        m.conservativeResize(Eigen::NoChange, directions);
        m.rightCols(directions - had).setZero();
      };
      widen(changes), widen(carried);
      changes += jacobian(coarse, x, 1e-4, feasible) * carried;
    } else {
      carried.setZero(n, changes.cols());
    }
    path.values.col(t) << x, next[n];
    path.errors.col(t) << carried.rowwise().norm(), changes.row(n).norm();
    const bool lost = !next.allFinite() || !feasible(next.head(n));
    if (lost || t == iterations) {
      path.values.conservativeResize(Eigen::NoChange, t + 1);
      path.errors.conservativeResize(Eigen::NoChange, t + 1);
      return path;
    }
    x = next.head(n), carried = changes.topRows(n);
  }
}

/// Refines from level `first` to `last` until the tolerance is met; the iterations beyond the path's end are
/// unknown.
std::vector<StateEvolutionStep> evolved(const std::function<Resolution(int level)>& at_level, int first,
                                        int last, const std::function<bool(const VectorXd&)>& feasible,
                                        const VectorXd& start, int iterations,
                                        OrderParameters (*overlaps)(const VectorXd&, bool error),
                                        const StateEvolutionOptions& options) {
  if (!(options.tolerance > 0))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a number > 0");
  if (iterations < 1) throw InvalidInput("iterations", std::to_string(iterations), "needs at least 1");
  const Map coarse = at_level(first).update;
  EvolutionPath path;
  std::string rule;
  double worst = INFINITY;
  for (int level = first;; ++level) {
    const Resolution fine = at_level(level);
    path = path_of(fine, coarse, feasible, start, iterations);
    rule = fine.rule;
    const double before = worst;
    worst = (path.errors.array() / path.values.array().abs().max(1)).maxCoeff();
    if (worst <= options.tolerance || level >= last || !(worst < before)) break;
  }
  const Eigen::Index n = start.size();
  std::vector<StateEvolutionStep> steps(static_cast<std::size_t>(iterations) + 1);
  for (std::size_t t = 0; t < steps.size(); ++t) {
    StateEvolutionStep& step = steps[t];
    Certificate& c = step.certificate;
    c.iterations = static_cast<int>(t);
    c.integration_rule = rule;
    const auto column = static_cast<Eigen::Index>(t);
    if (column < path.values.cols()) {
      const VectorXd value = path.values.col(column), error = path.errors.col(column);
      step.overlaps = overlaps(value.head(n), false), step.test_error = value[n];
      step.uncertainty = {overlaps(error.head(n), true), error[n]};
      c.converged = true;
      c.residual = 0;  // nothing is solved for
      c.integration_error = error.maxCoeff();
      worst = (error.array() / value.array().abs().max(1)).maxCoeff();
    }
    judge(c, {.reached = c.converged, .error = worst, .tolerance = options.tolerance});
    if (!c.converged)
      c.advice = "V is no longer positive, or the averages are not finite: raise the ridge, or start closer.";
  }
  return steps;
}

OrderParameters bayes_overlaps(const VectorXd& q, bool error) {
  const double sign = error ? 0 : 1;
  return {q[0], q[0], std::abs(sign - q[0]), q[1], q[1], std::abs(sign - q[1])};
}

OrderParameters erm_overlaps(const VectorXd& x, bool) { return ErmEquations::overlaps(x); }

}  // namespace

std::vector<StateEvolutionStep> bayes_state_evolution(const Problem& problem, double alpha,
                                                      const Eigen::Vector2d& start, int iterations,
                                                      const StateEvolutionOptions& options) {
  check(problem);
  if (!(alpha > 0) || std::isinf(alpha))
    throw InvalidInput("alpha", std::to_string(alpha), "needs a finite number > 0");
  if (!BayesEquations::feasible(start))
    throw InvalidInput("start", std::to_string(start[0]), "needs overlaps in [0, 1)");
  const auto channel = problem.task->independent_tokens()
                           ? independent_channel(problem, options.tolerance, options.threads)
                           : sampled_channel(problem, 0, options.seed, options.threads);
  const BayesEquations equations(*channel, alpha);
  const auto rows = [&](const VectorXd& q, const BayesRow& average) {
    VectorXd out(3);
    out << equations.map(average), 1 + problem.noise - q[1] * average[attention];
    return out;
  };
  const auto at_level = [&](int level) -> Resolution {
    return {[&, level](const VectorXd& q) { return rows(q, equations.averages(q, level, true)); },
            [&, level](const VectorXd& q, MatrixXd& changes) {
              const Batch replicates = channel->averages(q, level, true);
              const BayesRow mean = replicates.colwise().mean();
              VectorXd out = rows(q, mean);
              const Batch wrong = bayes_deviations(*channel, replicates, q, level);
              changes.resize(3, wrong.rows());
              for (Eigen::Index r = 0; r < wrong.rows(); ++r)
                changes.col(r) = rows(q, mean + wrong.row(r)) - out;
              return out;
            },
            channel->rule(level)};
  };
  return evolved(at_level, 1, channel->last_level(), BayesEquations::feasible, start, iterations,
                 bayes_overlaps, options);
}

std::vector<StateEvolutionStep> erm_state_evolution(const Problem& problem, const Activation& activation,
                                                    double alpha, double ridge_k, double ridge_v,
                                                    const OrderParameters& start, int iterations,
                                                    const StateEvolutionOptions& options) {
  check_erm(problem, activation, alpha, ridge_k, ridge_v);
  using E = ErmEquations;
  const auto rows = [](const VectorXd& update) { return VectorXd(update.head(E::test_error + 1)); };
  const auto at_level = [&](int level) -> Resolution {
    const auto equations = std::make_shared<E>(problem, activation, alpha, ridge_k, ridge_v,
                                               ChannelOptions{level, options.seed, options.threads});
    return {[=](const VectorXd& x) { return rows(equations->update(x)); },
            [=](const VectorXd& x, MatrixXd& changes) {
              const ChannelMeans means = equations->means(x, Detail::errors);
              VectorXd out = rows(equations->update(x, means.value));
              if (!equations->positive(means.value)) out.head(6).setConstant(unknown);
              changes.resize(out.size(), means.deviation.rows());
              for (Eigen::Index r = 0; r < means.deviation.rows(); ++r)
                changes.col(r) =
                    rows(equations->update(x, means.value + means.deviation.row(r).transpose())) - out;
              return out;
            },
            equations->rule()};
  };
  const int first = std::max(0, coarsest_level(problem, activation.info()));
  const E equations(problem, activation, alpha, ridge_k, ridge_v, {first, options.seed, options.threads});
  const auto feasible = [&](const VectorXd& x) { return equations.feasible(x); };
  auto steps = evolved(at_level, first, finest_level(problem, activation.info()), feasible, E::vector(start),
                       iterations, erm_overlaps, options);
  VectorXd looked;  // where jumps were last looked for
  ChannelMeans there;
  for (std::size_t t = 1; t < steps.size(); ++t) {
    const VectorXd x = E::vector(steps[t - 1].overlaps);
    Certificate& c = steps[t].certificate;
    if (!c.converged) break;
    if (looked.size() == 0 || ((looked - x).array() / (1 + x.array().abs())).abs().maxCoeff() > 3e-3)
      looked = x, there = equations.means(x, Detail::responses);
    equations.set_jumps(c, there);
    if (c.verdict == Verdict::trusted && jumps_matter(c) != false) {
      c.verdict = jumps_matter(c) ? Verdict::jumps : Verdict::marginal;
      c.advice =
          "The proximal point jumps in this iteration: V counts the jumps (Stein), the divergences that a "
          "run measures do not, and it will differ for some iterations. Start closer, or raise the ridge.";
    }
  }
  return steps;
}

}  // namespace quenched
