#include <algorithm>
#include <functional>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>
#include <quenched/point_set.hpp>
#include <random>

#include "bayes_equations.hpp"

namespace quenched {
namespace {

using Eigen::Vector2d;

constexpr double distinct = 1e-3;  // fixed points further apart than this are two branches

void check(double alpha, const BayesOptions& options) {
  if (!(alpha > 0) || std::isinf(alpha))
    throw InvalidInput("alpha", std::to_string(alpha), "needs a finite number > 0");
  if (!(options.tolerance > 0))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a number > 0");
  if (options.points < 0)
    throw InvalidInput("points", std::to_string(options.points), "needs a whole number >= 0");
  if (options.from && !((options.from->array() >= 0).all() && (options.from->array() < 1).all()))
    throw InvalidInput("from", std::to_string((*options.from)[0]), "needs overlaps in [0, 1)");
}

struct Solution {
  FixedPointReport report;
  Vector2d q = Vector2d::Zero();
  bool stopped = false;  // at the work limit: q is the last iterate
};

/// The map is monotone, so plain iterates from q near 0 (1) rise (fall) to the lowest (highest) fixed point
/// and never pass it, but they crawl where two fixed points have just merged. So they leap along the
/// residual, as far as its decay promises and 20 steps at most, as long as the map points the same way at
/// the landing. Anderson acceleration takes over near the end, and is believed only close by.
Solution solve_bayes(const BayesEquations& equations, const Vector2d& start, double tolerance) {
  constexpr int max_iterations = 600;
  constexpr double longest_leap = 20, close = 3e-3;
  const Map F = equations.at_level(0);
  Vector2d q = start, r = Vector2d::Constant(INFINITY), before = Vector2d::Zero();
  FixedPointReport report;
  bool stopped = false;
  try {
    r = F(q) - q;
    for (report.iterations = 1; report.iterations < max_iterations && r.allFinite(); ++report.iterations) {
      report.residual = r.cwiseAbs().maxCoeff();
      if (report.residual <= tolerance) break;
      const double decay = before.squaredNorm() > 0 ? r.dot(before) / before.squaredNorm() : 0;
      double leap = decay >= 1 - 1 / longest_leap ? longest_leap : std::max(1.0, 1 / (1 - decay));
      if (before.squaredNorm() > 0 && leap < longest_leap && leap * report.residual < close) {
        FixedPointReport near = fixed_point(F, q,
                                            {.tolerance = tolerance,
                                             .max_iterations = 40,
                                             .anderson_memory = 2,
                                             .damping = 1,
                                             .feasible = BayesEquations::feasible});
        report.iterations += near.iterations;
        if (near.reached() && (near.x - q).cwiseAbs().maxCoeff() < 3 * close) {
          near.iterations = report.iterations;
          return {near, near.x, false};
        }
      }
      Vector2d landing = q + leap * r, r_landing = Vector2d::Constant(NAN);
      if (leap > 1 && BayesEquations::feasible(landing)) r_landing = F(landing) - landing;
      if (!(r_landing.dot(r) > 0) || r_landing.norm() > 4 * r.norm()) {
        if (leap > 1) ++report.iterations;
        landing = q + r;
        r_landing = F(landing) - landing;
        before = r;
      } else {
        before.setZero();  // the decay is that of a plain step
      }
      q = landing;
      r = r_landing;
    }
  } catch (const OutOfWork&) {
    stopped = true;
  }
  report.x = q;
  report.residual = r.cwiseAbs().maxCoeff();
  report.status = report.residual <= tolerance ? FixedPointStatus::converged
                  : r.allFinite()              ? FixedPointStatus::max_iterations
                                               : FixedPointStatus::not_finite;
  return {report, q, stopped};
}

Vector2d start_of(Start start, const BayesChannel& channel) {
  return start == Start::informed ? channel.informed() : Vector2d::Zero().eval();
}

/// The map is monotone: where the lowest and the highest fixed point meet there is no other. Where they do
/// not, random starts between them look for a third.
std::vector<BayesBranch> branches(const BayesEquations& equations, const BayesChannel& channel, Start start,
                                  const Vector2d& own, std::uint64_t seed) {
  constexpr int random_starts = 4;
  std::vector<BayesBranch> seen;
  const auto add = [&](const std::string& name, const Vector2d& q) {
    const auto apart = [&](const BayesBranch& b) {
      return (Vector2d(b.q_k, b.q_v) - q).cwiseAbs().maxCoeff() > distinct;
    };
    if (std::ranges::all_of(seen, apart))
      seen.push_back({name, q[0], q[1], equations.free_entropy(q, equations.averages(q, 0, true))});
  };
  const auto follow = [&](const std::string& name, const Vector2d& from) {
    const Solution branch = solve_bayes(equations, from, 1e-6);
    if (branch.stopped) throw OutOfWork();
    if (branch.report.reached()) add(name, branch.q);
  };
  add("this", own);
  const bool informed = start == Start::informed;
  follow(informed ? "uninformed" : "informed",
         start_of(informed ? Start::uninformed : Start::informed, channel));
  if (seen.size() > 1) {
    const Vector2d other(seen[1].q_k, seen[1].q_v);
    std::mt19937_64 rng(seed);
    std::uniform_real_distribution<double> uniform;
    for (int i = 1; i <= random_starts; ++i) {
      const Vector2d share(uniform(rng), uniform(rng));
      follow("random " + std::to_string(i), own + share.cwiseProduct(other - own));
    }
  }
  std::ranges::stable_sort(seen, std::greater(), &BayesBranch::free_entropy);
  return seen;
}

}  // namespace

BayesResult bayes(const Problem& problem, double alpha, Start start, const BayesOptions& options) {
  check(problem);
  check(alpha, options);
  const auto work = std::make_shared<WorkLimit>(options.work / 2);
  const bool exact = problem.task->independent_tokens() && !options.sampled;
  const auto channel = exact ? independent_channel(problem, options.tolerance, options.threads)
                             : sampled_channel(problem, options.points, options.seed, options.threads, work,
                                               options.sampled, options.tolerance);
  const BayesEquations equations(*channel, alpha);

  const double target = std::max(1e-12, std::min(1e-6, options.tolerance / 100));
  const Solution branch = solve_bayes(equations, options.from.value_or(start_of(start, *channel)), target);
  Vector2d q = branch.q;
  const bool recovered = problem.noise == 0 && 1 - q[1] < 1e-6;  // v* exactly, in the limit
  if (recovered) q[1] = 1;
  bool stopped = branch.stopped;
  LinearisedMap newton;  // of the coarse level, learning
  // Newton's second step over its first at the latest level that took two, and how long that was.
  double shrinks = NAN, first_step = 0;

  BayesResult result;
  const auto length = [](const Vector2d& d) { return d.cwiseAbs().maxCoeff(); };
  const auto evaluate = [&](int level) {
    // Newton carries the fixed point to this level, until its next step, foretold or seen, is short.
    Batch replicates;
    Vector2d step, residual, at_q = q, before = q, before_at = q;  // at_q: where `replicates` are
    Vector2d foretold = Vector2d::Zero();  // the last step, where nothing was evaluated at its end
    const double last = level < channel->last_level() ? result.certificate.integration_error : 0;
    const double most = std::fmax(options.tolerance / 10, last / 10);  // `last` NaN: no bound
    for (int pass = 0;; ++pass) {
      replicates = channel->averages(q, level, true);
      result.certificate.iterations++;
      const Vector2d at = equations.map(replicates.colwise().mean());
      at_q = q, residual = at - q, step = newton.next(q, at) - q;
      if (recovered) step[1] = 0;
      if (pass > 0) {
        const double ratio = newton.learn(before, before_at, q, at);
        if (pass == 1) shrinks = ratio, first_step = length(q - before);
      }
      if (pass == 2 || length(step) < most || !BayesEquations::feasible(q + step)) break;
      before = q, before_at = at;
      q += step;
      const double left = shrinks * std::max(1.0, length(step) / first_step);  // a longer step leaves more
      if (!(left * length(step) < most)) continue;
      foretold = step, step *= left, residual *= left;
      break;
    }
    BayesRow mean = replicates.colwise().mean();
    constexpr double h = 1e-4;
    const Vector2d side(std::min(h, std::min(q[0], 1 - q[0]) / 2), 0);
    const double slope = side[0] > 0 ? (equations.averages(q + side, 0, true)[attention] -
                                        equations.averages(q - side, 0, true)[attention]) /
                                           (2 * side[0])
                                     : 0;
    mean[attention] += slope * foretold[0];
    mean[log_Z] += mean.head(2).matrix().dot(foretold) / 2;  // d log Z/dq = |g|^2/2
    result.q_k = q[0], result.q_v = q[1];
    result.test_error = 1 + problem.noise - q[1] * mean[attention];
    result.free_entropy = equations.free_entropy(q, mean);

    const Eigen::Array2d qhat = alpha * mean.head(2).transpose();
    // Once the step that is left would be the error itself, to first order: no bound.
    Eigen::Array2d q2 = (2 * step).array().square();
    double e2 = std::pow(2 * (mean[attention] * step[1] + q[1] * slope * step[0]), 2), phi2 = 0;
    const Batch wrong = bayes_deviations(*channel, replicates, at_q, level);
    for (Eigen::Index r = 0; r < wrong.rows(); ++r) {
      const BayesRow d = wrong.row(r);
      const Vector2d dq = newton.carried((alpha * d.head(2).transpose() / (1 + qhat).square()).matrix());
      q2 += dq.array().square();
      e2 += std::pow(mean[attention] * dq[1] + q[1] * (slope * dq[0] + d[attention]), 2);
      phi2 += std::pow(alpha * d[log_Z], 2);  // stationary in q
    }
    const double rounding = recovered ? 5e-9 : 1e-12;  // half the root of the least label variance
    result.uncertainty = {std::sqrt(q2[0]) + rounding, std::sqrt(q2[1]) + rounding, std::sqrt(e2) + rounding,
                          std::sqrt(phi2) + rounding * (1 + std::abs(result.free_entropy))};
    result.certificate.residual = residual.cwiseAbs().maxCoeff();
    result.certificate.integration_rule = channel->rule(level);
    result.certificate.integration_error =
        std::max({result.uncertainty.q_k, result.uncertainty.q_v, result.uncertainty.test_error});
  };
  try {
    if (stopped) throw OutOfWork();
    newton = LinearisedMap(jacobian(equations.at_level(0), q, 1e-5, BayesEquations::feasible));
    double before = INFINITY;
    for (int level = 1;;) {
      evaluate(level);
      const double error = result.certificate.integration_error;
      if (error <= options.tolerance || error > before / 1.2) break;  // finer rules help no more
      before = error;
      if (level >= channel->last_level() || !std::isfinite(error)) break;
      // Errors of points fall by 3 and more a level, those of trapezoid rules by much more. At most two
      // levels at a time: the work limit might end a greater leap.
      const bool leap = !exact && error > 8 * options.tolerance;
      level = std::min(channel->last_level(), level + (leap ? 2 : 1));
    }
  } catch (const OutOfWork&) {
    stopped = true;
    if (std::isnan(result.q_k)) {  // not one level is through
      result.q_k = branch.q[0], result.q_v = branch.q[1];
      result.certificate.residual = branch.report.residual;
      result.certificate.integration_rule = channel->rule(0);
    }
  }

  result.certificate.iterations += branch.report.iterations;
  result.certificate.converged = branch.report.reached() && newton.regular();
  if (recovered) result.free_entropy = result.uncertainty.free_entropy = unknown;  // unbounded

  work->begin(options.work / 2);
  if (result.certificate.converged) try {
      result.branches = branches(equations, *channel, start, branch.q, options.seed);
    } catch (const OutOfWork&) {
      stopped = true;
    }
  while (!result.branches.empty() && result.branches[result.branch].start != "this") ++result.branch;
  judge(result.certificate, {.reached = result.certificate.converged,
                             .error = result.certificate.integration_error,
                             .tolerance = options.tolerance,
                             .stopped = stopped,
                             .better_branch = result.branch > 0});
  return result;
}

}  // namespace quenched
