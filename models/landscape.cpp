#include <gsl/gsl_multimin.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <quenched/invalid_input.hpp>
#include <quenched/landscape.hpp>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>
#include <random>

#include "field_rule.hpp"
#include "population_fields.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

constexpr int landscape_replicates = 16;

/// k = a k* + h n: the part beyond k* is h >= 0 long. n is orthogonal to v* on the manifold, v* itself off
/// it.
struct Attention {
  double a, h;
};
enum class Side { on_manifold, off_manifold };

/// What the best v needs to know: hit = E sigma_eps, norm = E|sigma|^2; f_1 = sigma.chi*, f_2 = sigma.eta
/// with M_ij = E f_i f_j and b_i = E eta_eps f_i.
struct ValueMoments {
  double hit = 0, norm = 0;
  Eigen::Matrix2d M = Eigen::Matrix2d::Zero();
  Eigen::Vector2d b = Eigen::Vector2d::Zero();
};

/// The averages over the points. At h = 0 those with eta are known from the others: taken there as control
/// variates, so that B = A at h = 0 on any points and a small gain is resolved.
ValueMoments value_moments(const std::vector<PopulationFields>& points, const Activation& activation,
                           const Attention& k, Side side) {
  ValueMoments sum;
  Batch sigma;
  for (const PopulationFields& at : points) {
    const auto mean = [&](const ArrayXd& f) { return (at.weight * f).sum(); };
    const auto add = [&](double h, double sign) {
      activation.value(k.a * at.chi_star + h * at.eta, sigma);
      const ArrayXd f1 = (sigma * at.chi_star).rowwise().sum(), f2 = (sigma * at.eta).rowwise().sum();
      const double off = mean(f1 * f2);
      sum.M += sign * Eigen::Matrix2d{{sign > 0 ? mean(f1.square()) : 0.0, off}, {off, mean(f2.square())}};
      sum.b += sign * Eigen::Vector2d(mean(at.eta.col(0) * f1), mean(at.eta.col(0) * f2));
    };
    if (side == Side::off_manifold) {
      add(0, -1);
      sum.M(1, 1) += mean(sigma.square().rowwise().sum());
      sum.b[1] += mean(sigma.col(0));
    }
    add(k.h, 1);
    sum.hit += mean(sigma.col(0));
    sum.norm += mean(sigma.square().rowwise().sum());
  }
  return sum;
}

/// v = d k* + e n off the manifold.
Eigen::Vector2d best_value(const ValueMoments& m) { return m.M.completeOrthogonalDecomposition().solve(m.b); }

/// (3.5), (3.6): what the best v explains of the label.
double explained_by(const ValueMoments& m, Side side) {
  if (side == Side::off_manifold) return m.b.dot(best_value(m));
  return m.norm > 0 ? m.hit * m.hit / m.norm : 0;
}

Overlaps overlaps_at(const Attention& k, const ValueMoments& m, Side side) {
  Overlaps o{.m_k = k.a, .q_k = k.a * k.a + k.h * k.h};
  if (side == Side::on_manifold) {
    o.m_v = m.norm > 0 ? m.hit / m.norm : 0;
    o.q_v = o.m_v * o.m_v;
  } else {
    const Eigen::Vector2d v = best_value(m);
    o.m_kv = k.h, o.m_vk = v[0], o.m_v = v[1];
    o.q_v = v.squaredNorm(), o.q_kv = k.a * v[0] + k.h * v[1];
  }
  return o;
}

using FieldReplicates = std::vector<std::vector<PopulationFields>>;

/// Of every replicate, and of all points together first.
struct Explained {
  ValueMoments pooled;
  ArrayXd each;
};
Explained explained_each(const FieldReplicates& fields, const Activation& activation, const Attention& k,
                         Side side, int threads) {
  const auto R = static_cast<int>(fields.size());
  std::vector<ValueMoments> moments(fields.size());
  parallel_for(R, threads, [&](int r) { moments[r] = value_moments(fields[r], activation, k, side); });
  Explained result{{}, ArrayXd(R)};
  for (int r = 0; r < R; ++r) {
    const ValueMoments& m = moments[r];
    result.each[r] = explained_by(m, side);
    result.pooled.hit += m.hit / R, result.pooled.norm += m.norm / R;
    result.pooled.M += m.M / R, result.pooled.b += m.b / R;
  }
  return result;
}

constexpr double farthest = 256;  // k beyond grows without bound

/// Nelder and Mead's method in (a, h) from one start.
struct SimplexSearch {
  const FieldReplicates& fields;
  const Activation& activation;
  Side side;
  int threads;
  struct Found {
    Attention k;
    double explained;
  };

  static Attention bounded(double a, double h) {
    return {std::clamp(a, -farthest, farthest), std::min(std::abs(h), farthest)};
  }
  [[nodiscard]] double explained(const Attention& k) const {
    return explained_by(explained_each(fields, activation, k, side, threads).pooled, side);
  }
  [[nodiscard]] Found from(const Attention& start, double step, int iterations) const {
    const auto objective = [](const gsl_vector* x, void* self) {
      const double value = -static_cast<const SimplexSearch*>(self)->explained(
          bounded(gsl_vector_get(x, 0), gsl_vector_get(x, 1)));
      return std::isfinite(value) ? value : 0.0;  // as bad as saying nothing
    };
    gsl_multimin_function function{objective, 2, const_cast<SimplexSearch*>(this)};
    const std::unique_ptr<gsl_vector, decltype(&gsl_vector_free)> x(gsl_vector_alloc(2), gsl_vector_free),
        steps(gsl_vector_alloc(2), gsl_vector_free);
    gsl_vector_set(x.get(), 0, start.a), gsl_vector_set(x.get(), 1, start.h);
    gsl_vector_set_all(steps.get(), step);
    const std::unique_ptr<gsl_multimin_fminimizer, decltype(&gsl_multimin_fminimizer_free)> simplex(
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, 2), gsl_multimin_fminimizer_free);
    gsl_multimin_fminimizer_set(simplex.get(), &function, x.get(), steps.get());
    constexpr double fine = 1e-4;  // the value is stationary: 1e-8 there
    for (int i = 0; i < iterations && gsl_multimin_fminimizer_iterate(simplex.get()) == 0; ++i)
      if (gsl_multimin_fminimizer_size(simplex.get()) < fine) break;
    const gsl_vector* best = gsl_multimin_fminimizer_x(simplex.get());
    return {bounded(gsl_vector_get(best, 0), gsl_vector_get(best, 1)),
            -gsl_multimin_fminimizer_minimum(simplex.get())};
  }
};

/// Directions all around the half plane h >= 0, lengths from 1/4 to 16; the first is what softmax would take.
std::vector<Attention> attention_starts(const Task& task, int count, std::uint64_t seed) {
  Rng rng(seed);
  const auto uniform = [&] { return static_cast<double>(rng() >> 11) * 0x1p-53; };
  std::vector<Attention> starts = {{std::min(task.bayes_slope(), 8.0), 0.1}};
  while (static_cast<int>(starts.size()) < count) {
    const double angle = std::numbers::pi * uniform(), length = std::exp2(6 * uniform() - 2);
    starts.push_back({length * std::cos(angle), length * std::sin(angle)});
  }
  return starts;
}

void check(const LandscapeOptions& options) {
  if (!(options.tolerance > 0))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a number > 0");
  if (options.starts < 1) throw InvalidInput("starts", std::to_string(options.starts), "needs at least 1");
}

}  // namespace

Excess population_risk(const Problem& problem, const Activation& activation, const Overlaps& o,
                       const PopulationOptions& options) {
  check(problem);
  check(o);
  if (o.on_manifold()) return population_risk(problem, activation, o.m_k, o.q_k, o.m_v, o.q_v, options);
  if (!(options.tolerance > 0))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a number > 0");
  const int most = most_points(problem, landscape_replicates, 1 << 17);
  for (int size = std::min(1 << 10, most);; size = std::min(4 * size, most)) {
    const FieldReplicates fields = population_fields(problem, size, landscape_replicates, 1, options.threads);
    ArrayXd risk(landscape_replicates);
    parallel_for(landscape_replicates, options.threads,
                 [&](int r) { risk[r] = mean_risk(fields[r], activation, o, problem.noise); });
    const Excess mean = replicate_mean(risk);
    if (mean.error <= options.tolerance || size == most) return mean;
  }
}

Landscape landscape(const Problem& problem, const Activation& activation, const LandscapeOptions& options) {
  check(problem);
  check(options);
  constexpr int long_search = 200, short_search = 40;
  const int most = most_points(problem, landscape_replicates), coarse = std::min(1 << 8, most);
  constexpr Side sides[] = {Side::on_manifold, Side::off_manifold};
  const auto starts = attention_starts(*problem.task, options.starts, options.seed);
  const int count = options.starts;
  FieldReplicates fields = population_fields(problem, coarse, landscape_replicates, 1, options.threads);

  Landscape result;
  std::vector<SimplexSearch::Found> found(2 * starts.size());
  parallel_for(2 * count, options.threads, [&](int i) {
    const Attention& start = starts[static_cast<std::size_t>(i % count)];
    found[i] = SimplexSearch{fields, activation, sides[i / count], 1}.from(
        start, 0.3 * std::hypot(start.a, start.h), long_search);
  });
  SimplexSearch::Found best[2];
  for (int c : {0, 1}) {
    const auto first = found.begin() + c * count;
    best[c] = *std::max_element(first, first + count,
                                [](const auto& x, const auto& y) { return x.explained < y.explained; });
    result.starts += count;
    result.reached +=
        static_cast<int>(std::count_if(first, first + count, [&](const SimplexSearch::Found& f) {
          return f.explained >= best[c].explained - options.tolerance;
        }));
  }

  Explained at[2];
  Excess gain{}, least[2];
  for (int size = std::min(4 * coarse, most);; size = std::min(4 * size, most)) {
    fields = population_fields(problem, size, landscape_replicates, 1, options.threads);
    for (int c : {0, 1}) {
      best[c] =
          SimplexSearch{fields, activation, sides[c], options.threads}.from(best[c].k, 0.05, short_search);
      at[c] = explained_each(fields, activation, best[c].k, sides[c], options.threads);
      least[c] = replicate_mean(1 + problem.noise - at[c].each);
    }
    gain = replicate_mean(at[1].each - at[0].each);
    if (gain.error <= options.tolerance || size == most) break;
  }

  const Excess bayes = bayes_excess_risk(problem);
  result.bayes_risk = problem.noise + bayes.value, result.uncertainty.bayes_risk = bayes.error;
  result.gain = gain.value, result.uncertainty.gain = gain.error;
  result.on_manifold = least[0].value, result.uncertainty.on_manifold = least[0].error;
  result.leaves = gain.value > std::max(2 * gain.error, options.tolerance);
  const int c = result.leaves ? 1 : 0;
  result.test_error = least[c].value, result.uncertainty.test_error = least[c].error;
  result.overlaps = overlaps_at(best[c].k, at[c].pooled, sides[c]);
  result.infimum = std::hypot(best[c].k.a, best[c].k.h) > farthest / 2;
  if (result.infimum) {  // approached like 1/|k|: what half the length still misses is missing here too
    const Attention half = {best[c].k.a / 2, best[c].k.h / 2};
    const double missing = std::abs(
        (at[c].each - explained_each(fields, activation, half, sides[c], options.threads).each).mean());
    result.uncertainty.test_error += 2 * missing;
    if (c == 0) result.uncertainty.on_manifold += 2 * missing;
  }

  Certificate& certificate = result.certificate;
  certificate.converged = true;
  certificate.residual = std::max(0.0, gain.value);
  certificate.integration_error = std::max(gain.error, least[c].error);
  certificate.integration_rule = std::to_string(landscape_replicates) + " x " +
                                 std::to_string(fields.front().size()) + " blocks of scrambled Sobol points";
  const double undecided = result.leaves ? gain.error : gain.error + std::max(0.0, gain.value);
  judge(certificate, {.reached = true, .error = undecided, .tolerance = 2 * options.tolerance});
  if (certificate.verdict == Verdict::under_resolved)
    certificate.advice =
        "What leaving the manifold gains is not resolved: raise --tolerance if this is enough.";
  if (certificate.verdict == Verdict::trusted && result.leaves) {
    certificate.verdict = Verdict::broken_symmetry;
    certificate.advice =
        "Leaving the manifold m_kv = m_vk = q_kv = 0 lowers the population risk: the four-overlap theories "
        "hold a "
        "restricted minimum here.";
  }
  return result;
}

}  // namespace quenched
