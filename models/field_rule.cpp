#include "field_rule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/point_set.hpp>

#include "population_fields.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

constexpr double field_reach = 8;  // standard deviations
constexpr double too_many = 4e5;

ArrayXd normal_density(const ArrayXd& x) { return (-x.square() / 2).exp() / std::sqrt(2 * std::numbers::pi); }

ArrayXd nodes(double from, double to, double step) {
  const int n = static_cast<int>(std::ceil((to - from) / step)) + 1;
  return ArrayXd::LinSpaced(n, from, from + (n - 1) * step);
}

/// P(eps = 0 | chi*_0 = x) of the max task: Int gumbel(t - nu x) K(t)^(L-1) dt, K the CDF of nu Z + G;
/// Phi(x)^(L-1) at nu = infinity. By the race of token 0, without spread, against the largest of the others,
/// tabulated on t.
ArrayXd hit_probability(double nu, int L, const ArrayXd& x) {
  ArrayXd p = ArrayXd::Zero(x.size());
  const auto Phi = [](double u) { return std::erfc(-u / std::numbers::sqrt2) / 2; };
  if (std::isinf(nu)) return x.unaryExpr([&](double u) { return std::pow(Phi(u), L - 1); });
  // Over the field z of one other token first: K(t) = E exp(-exp(-(t - nu z))).
  constexpr double step = 0.2;
  const ArrayXd t = nodes(-field_reach * nu - 5, field_reach * nu + 45, step);
  struct Window {
    Eigen::Index from, count;
  };
  const auto window = [&](double from, double to) {
    const auto at = [&](double value) {
      return std::clamp(static_cast<Eigen::Index>(std::ceil((value - t[0]) / step)), Eigen::Index{0},
                        t.size());
    };
    return Window{at(from), at(to) - at(from)};
  };
  ArrayXd K = ArrayXd::Zero(t.size()), whole = ArrayXd::Zero(t.size() + 1);
  const double dz = std::min(0.25, 0.25 / std::max(nu, 1e-3));
  for (double z = -field_reach; z <= field_reach; z += dz) {
    const double weight = dz * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const auto [from, count] = window(nu * z - 7, nu * z + 45);  // below, the factor is 0; above, 1
    K.segment(from, count) += weight * (-(nu * z - t.segment(from, count)).exp()).exp();
    whole[from + count] += weight;
  }
  double above = 0;
  for (Eigen::Index i = 0; i < t.size(); ++i) K[i] += above += whole[i];
  const ArrayXd others = K.pow(L - 1);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const auto [from, count] = window(nu * x[i] - 7, nu * x[i] + 45);
    const ArrayXd u = nu * x[i] - t.segment(from, count);
    p[i] = step * ((u - u.exp()).exp() * others.segment(from, count)).sum();
  }
  return p;
}

WeightedFields one_token_fields(const Problem& problem, double step) {
  const double nu = problem.task->signal();
  const bool spiked = problem.task->independent_tokens();
  const double mean = spiked ? std::sqrt(nu) : 0;
  const ArrayXd x = nodes(-field_reach, field_reach + mean, step), phi = step * normal_density(x);
  WeightedFields fields{x, ArrayXd::Zero(x.size()), ArrayXd::Zero(x.size())};
  for (const auto& [L, weight] : problem.lengths) {
    const ArrayXd hit =
        spiked ? (step * normal_density(x - mean)).eval() : (L * phi * hit_probability(nu, L, x)).eval();
    fields.hit_weight += weight * hit;
    fields.norm_weight += weight * (spiked ? (hit + (L - 1) * phi).eval() : (L * phi).eval());
  }
  return fields;
}

/// chi*_0 the largest, chi*_l = chi*_0 - log(1 + exp(tau_l)): smooth on both sides where the gaps close.
WeightedFields argmax_fields(int L, double step) {
  const ArrayXd x = nodes(-field_reach, field_reach, step), tau = nodes(-30, 14, 2 * step);
  const ArrayXd gap = tau.exp().log1p(), jacobian = 1 / (1 + (-tau).exp());
  const Eigen::Index inner = static_cast<Eigen::Index>(std::pow(tau.size(), L - 1));
  WeightedFields fields{Batch(x.size() * inner, L), ArrayXd(x.size() * inner), {}};
  Eigen::Index used = 0;
  for (Eigen::Index i = 0; i < x.size() * inner; ++i) {
    const double top = x[i / inner];
    double weight = L * step * std::exp(-top * top / 2) / std::sqrt(2 * std::numbers::pi);
    fields.chi_star(used, 0) = top;
    for (Eigen::Index l = 1, rest = i % inner; l < L; ++l, rest /= tau.size()) {
      const double chi = top - gap[rest % tau.size()];
      fields.chi_star(used, l) = chi;
      weight *=
          2 * step * jacobian[rest % tau.size()] * std::exp(-chi * chi / 2) / std::sqrt(2 * std::numbers::pi);
    }
    if (weight < 1e-18) continue;
    fields.hit_weight[used++] = weight;
  }
  fields.chi_star.conservativeResize(used, L);
  fields.hit_weight.conservativeResize(used);
  return fields;
}

WeightedFields tensor_fields(const Task& task, int L, double step) {
  const ArrayXd z = nodes(-field_reach, field_reach, step), w = step * normal_density(z);
  const Eigen::Index n = static_cast<Eigen::Index>(std::pow(z.size(), L));
  WeightedFields fields{Batch(n, L), ArrayXd(n), {}};
  Eigen::Index used = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    double weight = 1;
    for (Eigen::Index l = 0, rest = i; l < L; ++l, rest /= z.size()) {
      fields.chi_star(used, l) = z[rest % z.size()];
      weight *= w[rest % z.size()];
    }
    if (weight < 1e-18) continue;
    fields.hit_weight[used++] = weight;
  }
  fields.chi_star.conservativeResize(used, L);
  fields.hit_weight.conservativeResize(used);
  fields.hit_weight *= tilt(task, fields.chi_star);
  return fields;
}

}  // namespace

Excess replicate_mean(const ArrayXd& each) {
  return {each.mean(), each.size() > 1 ? std::sqrt(replicate_deviations(each).square().sum()) : 0};
}

AttentionMoments FieldRule::moments(const Activation& activation, double m_k, std::size_t replicate) const {
  constexpr Eigen::Index block = 512;
  AttentionMoments mean;
  Batch chi, sigma;
  for (const WeightedFields& fields : replicates[replicate])
    for (Eigen::Index i = 0; i < fields.chi_star.rows(); i += block) {
      const Eigen::Index n = std::min(block, fields.chi_star.rows() - i);
      chi = m_k * fields.chi_star.middleRows(i, n);
      activation.value(chi, sigma);
      mean.hit += (fields.hit_weight.segment(i, n) * sigma.col(0)).sum();
      mean.norm += (fields.norm_weight.segment(i, n) * sigma.square().rowwise().sum()).sum();
    }
  return mean;
}

SampleSizes sample_sizes(const Problem& problem) {
  const int L = std::ranges::max(problem.lengths, {}, &Length::tokens).tokens;
  if (L <= 16) return {};
  const auto at_most = [&](int log_numbers) {
    return std::max(5, log_numbers - static_cast<int>(std::ceil(std::log2(L))));
  };
  return {std::min(13, at_most(17)), std::min(15, at_most(21))};
}

FieldRule field_rule(const Problem& problem, bool elementwise, double resolution, int threads) {
  FieldRule rule;
  rule.replicates.resize(1);
  if (elementwise) {
    const double step = 1.0 / 256 / resolution;
    rule.replicates[0].push_back(one_token_fields(problem, step));
    rule.name = "trapezoid rule in one dimension, step " + std::to_string(step);
    return rule;
  }
  const Task& task = *problem.task;
  const bool argmax = !task.independent_tokens() && std::isinf(task.signal());
  double step = 0.4;  // softmax(nu chi) varies over 1/nu
  if (!task.independent_tokens() && !argmax) step = std::min(step, 0.6 / std::max(task.signal(), 1.0));
  step /= resolution;
  for (const auto& [L, weight] : problem.lengths) {
    if (L > 3 || std::pow(2 * field_reach / step, L) > too_many)
      return sampled_field_rule(problem, 1 << sample_sizes(problem).first, threads);
    WeightedFields fields = argmax && L > 1 ? argmax_fields(L, step) : tensor_fields(task, L, step);
    fields.hit_weight *= weight;
    fields.norm_weight = fields.hit_weight;
    rule.replicates[0].push_back(std::move(fields));
  }
  rule.name = "tensor trapezoid rule, step " + std::to_string(step);
  return rule;
}

FieldRule sampled_field_rule(const Problem& problem, int points_a_replicate, int threads) {
  constexpr int replicates = 16;
  FieldRule rule;
  rule.replicates.resize(replicates);
  for (const auto& [L, weight] : problem.lengths) {
    const PointSet points = scrambled_sobol(L, points_a_replicate, replicates, 1, threads);
    for (int r = 0; r < replicates; ++r) {
      WeightedFields fields{
          points.normals.middleRows(static_cast<Eigen::Index>(r) * points.size, points.size), {}, {}};
      const ArrayXd tilted = tilt(*problem.task, fields.chi_star);
      fields.hit_weight = weight * tilted / tilted.sum();
      fields.norm_weight = fields.hit_weight;
      rule.replicates[r].push_back(std::move(fields));
    }
  }
  rule.name =
      std::to_string(replicates) + " x " + std::to_string(points_a_replicate) + " scrambled Sobol points";
  return rule;
}

}  // namespace quenched
