#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/point_set.hpp>
#include <quenched/population.hpp>

#include "field_rule.hpp"
#include "independent_tokens.hpp"

namespace quenched {
namespace {

/// 1 + Delta - (E sigma_eps)^2/E|sigma|^2, less 1 + Delta: minus what attention explains.
double explained(const AttentionMoments& a) {
  return a.norm > 0 && std::isfinite(a.norm) ? a.hit * a.hit / a.norm : 0;
}

Eigen::ArrayXd explained_each(const FieldRule& rule, const Activation& activation, double m_k) {
  Eigen::ArrayXd each(static_cast<Eigen::Index>(rule.replicates.size()));
  for (Eigen::Index r = 0; r < each.size(); ++r)
    each[r] = explained(rule.moments(activation, m_k, static_cast<std::size_t>(r)));
  return each;
}

Excess explained(const FieldRule& rule, const Activation& activation, double m_k) {
  return replicate_mean(explained_each(rule, activation, m_k));
}

/// The limit m_k -> infinity, approached in powers of 1/m_k: two doublings from `m` on remove the first two.
Eigen::ArrayXd explained_limit(const FieldRule& rule, const Activation& activation, double m) {
  const auto at = [&](double m_k) { return explained_each(rule, activation, m_k); };
  return (8 * at(4 * m) - 6 * at(2 * m) + at(m)) / 3;
}

struct Scale {
  double m_k, risk;  // risk: minus explained
  bool runs_away;
};

/// Scans m_k by factors of two, both signs, then Brent's minimisation around the best, down to 0. A
/// homogeneous sigma leaves the scale free: 1.
Scale best_scale(const FieldRule& rule, const Activation& activation) {
  constexpr double flat = 1e-12, first = 1.0 / 16;
  const auto risk = [&](double m) { return -explained(rule, activation, m).value; };
  double best = 1, least = risk(1);
  for (double size = first; size <= 256; size *= 2)
    for (const double m : {size, -size})
      if (const double r = risk(m); r < least - flat) best = m, least = r;
  if (std::abs(best) >= 128) return {best, least, true};
  if (risk(best / 2) < least + flat && risk(2 * best) < least + flat) return {best, least, false};
  const auto [low, high] = std::minmax({std::abs(best) > first ? best / 2 : 0, 2 * best});
  const auto [m, r] = boost::math::tools::brent_find_minima(risk, low, high, 50);
  return {m, r, false};
}

/// What a tenth more variance of chi at the same m_k would explain, less what is explained, as far as it
/// exceeds twice its standard error: q_k = m_k^2 is the minimum when this is 0. Unknown for long prompts.
double gain_of_variance(const Problem& problem, const Activation& activation, double m_k, int threads) {
  constexpr int replicates = 16, longest = 32;
  if (std::ranges::max(problem.lengths, {}, &Length::tokens).tokens > longest) return unknown;
  Eigen::ArrayXXd hit = Eigen::ArrayXXd::Zero(replicates, 2), norm = hit;
  for (const auto& [L, weight] : problem.lengths) {
    const PointSet points = scrambled_sobol(L, 256, replicates, 1, threads);
    for (int more : {0, 1}) {
      const Batch means = replicate_means(
          points, 2,
          [&](const Batch& x, Batch& f) {
            FieldLaw law;
            Batch sigma;
            problem.task->fields(m_k, m_k * m_k * (1 + 0.1 * more), x, law);
            activation.value(law.omega, sigma);
            f.col(0) = law.weight * sigma.col(0);
            f.col(1) = law.weight * sigma.square().rowwise().sum();
          },
          threads);
      hit.col(more) += weight * means.col(0);
      norm.col(more) += weight * means.col(1);
    }
  }
  const Eigen::ArrayXXd explains = hit.square() / norm;
  const Excess gain = replicate_mean(explains.col(1) - explains.col(0));
  return std::max(0.0, gain.value - gain.error);
}

/// The offset of a family whose parameter was left open, and the activation there.
std::shared_ptr<const Activation> tuned(const FieldRule& rule, const std::string& name, double& offset) {
  const auto member = [&](double c) { return make_activation(name + ":" + std::to_string(c)); };
  const auto risk = [&](double c) { return best_scale(rule, *member(c)).risk; };
  double best = 0, least = risk(0);
  for (double c = -6; c <= 3; c += 0.75)
    if (const double r = risk(c); r < least) best = c, least = r;
  offset = boost::math::tools::brent_find_minima(risk, best - 0.75, best + 0.75, 20).first;
  return member(offset);
}

void check(double tolerance) {
  if (!(tolerance > 0)) throw InvalidInput("tolerance", std::to_string(tolerance), "needs a number > 0");
}

}  // namespace

Excess bayes_excess_risk(const Problem& problem) {
  check(problem);
  const double nu = problem.task->signal();
  const auto log_gap = [&](double resolution) {
    return problem.task->independent_tokens() ? log_spiked_gap(std::sqrt(nu), problem.lengths, resolution)
                                              : std::log(max_gap(nu, problem.lengths, resolution));
  };
  constexpr double law = 1e-11;  // relative accuracy of the tabulated law
  const double log = log_gap(1.4), value = std::exp(log);
  const double relative = std::isinf(log) ? 0 : std::abs(std::expm1(log_gap(1) - log)) + law;
  return {value, value * relative, log, relative};
}

Excess population_risk(const Problem& problem, const Activation& activation, double m_k, double q_k,
                       double m_v, double q_v, const PopulationOptions& options) {
  check(problem);
  check(options.tolerance);
  if (!(q_k >= m_k * m_k)) throw InvalidInput("q_k", std::to_string(q_k), "needs at least m_k^2");
  if (!(q_v >= m_v * m_v)) throw InvalidInput("q_v", std::to_string(q_v), "needs at least m_v^2");
  constexpr int replicates = 16;
  for (int size = 1 << 10;; size *= 4) {
    Eigen::ArrayXd risk = Eigen::ArrayXd::Constant(replicates, 1 + problem.noise);
    for (const auto& [L, weight] : problem.lengths) {
      const Batch means = replicate_means(
          scrambled_sobol(L, size, replicates, 1, options.threads), 3,
          [&](const Batch& x, Batch& f) {
            FieldLaw law;
            Batch sigma;
            problem.task->fields(m_k, q_k, x, law);
            activation.value(law.omega, sigma);
            f.col(0) = law.weight * sigma.col(0);
            f.col(1) = law.weight * sigma.square().rowwise().sum();
            f.col(2) = law.weight;
          },
          options.threads);
      risk += weight * (q_v * means.col(1) - 2 * m_v * means.col(0)) / means.col(2);
    }
    const Excess mean = replicate_mean(risk);
    if (mean.error <= options.tolerance || size >= 1 << 16) return mean;
  }
}

PopulationResult population(const Problem& problem, const Activation& given,
                            const PopulationOptions& options) {
  check(problem);
  check(options.tolerance);
  PopulationResult result;
  const Excess bayes = bayes_excess_risk(problem);
  result.bayes_excess = bayes;
  result.bayes_risk = problem.noise + bayes.value;
  result.uncertainty.bayes_risk = bayes.error;
  Certificate& certificate = result.certificate;
  const auto finish = [&] {
    if (std::isnan(result.excess.value))
      result.excess = {std::max(result.test_error - problem.noise, 0.0), result.uncertainty.test_error};
    certificate.converged = true;
    certificate.integration_error = result.uncertainty.test_error;
    judge(certificate,
          {.reached = true, .error = result.uncertainty.test_error, .tolerance = options.tolerance});
    return result;
  };

  if (const double slope = given.info().softmax_slope; slope != 0) {
    certificate.residual = 0;
    certificate.integration_rule =
        "softmax is Bayes-optimal, by theorem; one dimension by the Gumbel race, trapezoid rule";
    result.excess = bayes;
    result.test_error = result.bayes_risk;
    result.uncertainty.test_error = bayes.error + 1e-16 * result.bayes_risk;  // the rounding of the sum
    result.infimum = std::isinf(problem.task->bayes_slope());
    if (!result.infimum) {
      result.m_k = problem.task->bayes_slope() / slope;
      result.q_k = result.m_k * result.m_k;
      result.m_v = result.q_v = 1;
    }
    return finish();
  }

  const bool elementwise = given.info().elementwise;
  double resolution = 1;
  const SampleSizes sizes = sample_sizes(problem);
  // Tensor rules want a smooth integrand; one dimension is fine enough for kinks.
  FieldRule rule = elementwise || given.info().smooth
                       ? field_rule(problem, elementwise, resolution, options.threads)
                       : sampled_field_rule(problem, 1 << sizes.first, options.threads);
  std::shared_ptr<const Activation> member;
  if (given.info().tunable) member = tuned(rule, given.info().name, result.parameter);
  const Activation& activation = member ? *member : given;
  Scale best = best_scale(rule, activation);

  if (best.runs_away) {
    // The limit m_k -> infinity: sampled, because the activation there has kinks that trapezoid rules resolve
    // badly.
    const double from = std::copysign(64, best.m_k);
    Excess limit{unknown, INFINITY};
    for (int size = 2 << sizes.first; size <= 2 << sizes.last && limit.error > options.tolerance; size *= 2) {
      rule = elementwise ? field_rule(problem, true, 2, options.threads)
                         : sampled_field_rule(problem, size, options.threads);
      const Eigen::ArrayXd each = explained_limit(rule, activation, from);
      limit = replicate_mean(each);
      certificate.residual = std::abs(limit.value - explained_limit(rule, activation, from / 2).mean());
      limit.error += certificate.residual + 1e-12;
      if (elementwise) {
        const FieldRule coarser = field_rule(problem, true, 1, options.threads);
        limit.error += std::abs(limit.value - explained_limit(coarser, activation, from).mean());
        break;
      }
    }
    result.infimum = true;
    result.test_error = std::max(1 + problem.noise - limit.value, result.bayes_risk);  // never below Bayes
    result.uncertainty.test_error = limit.error;
    certificate.integration_rule = rule.name;
    return finish();
  }

  // Second order in the scale: the finer rule at the same m_k measures the error of the coarser one.
  double error = INFINITY;
  const bool sampled = rule.replicates.size() > 1;
  const int refinements = sampled ? sizes.last - sizes.first + 1 : 3;
  for (int refinement = 0; refinement < refinements && error > options.tolerance; ++refinement) {
    if (sampled) {
      rule = sampled_field_rule(problem, 1 << (sizes.first + refinement), options.threads);
    } else {
      rule = field_rule(problem, elementwise, resolution *= 1.5, options.threads);
    }
    const double before = best.risk;
    const Excess at_best = explained(rule, activation, best.m_k);
    error = std::abs(before + at_best.value) + at_best.error + 1e-13;
    best.risk = -at_best.value;
  }
  certificate.residual = gain_of_variance(problem, activation, best.m_k, options.threads);
  certificate.integration_rule = rule.name;
  AttentionMoments at;
  for (std::size_t r = 0; r < rule.replicates.size(); ++r) {
    const AttentionMoments one = rule.moments(activation, best.m_k, r);
    at.hit += one.hit / static_cast<double>(rule.replicates.size());
    at.norm += one.norm / static_cast<double>(rule.replicates.size());
  }
  result.m_k = best.m_k;
  result.q_k = best.m_k * best.m_k;
  result.m_v = at.hit / at.norm;
  result.q_v = result.m_v * result.m_v;
  result.excess = {std::max(1 + best.risk, 0.0), error};
  result.test_error = 1 + problem.noise + best.risk;
  result.uncertainty.test_error = error;
  finish();
  if (certificate.residual > options.tolerance) {
    certificate.converged = false;
    certificate.verdict = Verdict::not_converged;
    certificate.advice =
        "Fields with q_k > m_k^2 do better than this minimum over q_k = m_k^2: take it as an upper bound.";
  }
  return result;
}

}  // namespace quenched
