#include "population_fields.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>
#include <string>

namespace quenched {

Eigen::ArrayXd tilt(const Task& task, Batch& chi_star) {
  if (task.independent_tokens()) {
    chi_star.col(0) += std::sqrt(task.signal());
    return Eigen::ArrayXd::Ones(chi_star.rows());
  }
  if (std::isinf(task.signal())) {
    for (Eigen::Index i = 0; i < chi_star.rows(); ++i) {
      Eigen::Index top;
      chi_star.row(i).maxCoeff(&top);
      std::swap(chi_star(i, 0), chi_star(i, top));
    }
    return Eigen::ArrayXd::Ones(chi_star.rows());
  }
  const Batch e = (task.signal() * (chi_star.colwise() - chi_star.rowwise().maxCoeff().eval())).exp();
  return static_cast<double>(chi_star.cols()) * e.col(0) / e.rowwise().sum();
}

int most_points(const Problem& problem, int replicates, int wanted) {
  constexpr int longest = 3667 / 2;
  double numbers = 0;  // a point
  for (const Length& length : problem.lengths) {
    if (length.tokens > longest)
      throw InvalidInput("length", std::to_string(length.tokens),
                         "needs at most " + std::to_string(longest) + " tokens here");
    numbers += 2.0 * length.tokens * replicates;
  }
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::min<double>(wanted, 0x1p24 / numbers))));
}

std::vector<std::vector<PopulationFields>> population_fields(const Problem& problem, int size, int replicates,
                                                             std::uint64_t seed, int threads) {
  constexpr Eigen::Index block = 256;
  std::vector<std::vector<PopulationFields>> fields(static_cast<std::size_t>(replicates));
  for (const auto& [L, probability] : problem.lengths) {
    const PointSet points = scrambled_sobol(2 * L, size, replicates, seed, threads);
    parallel_for(replicates, threads, [&, L = L, probability = probability](int r) {
      const Eigen::Index first = static_cast<Eigen::Index>(r) * size;
      Batch chi_star = points.normals.block(first, 0, size, L);
      Eigen::ArrayXd weight = tilt(*problem.task, chi_star);
      weight *= probability / weight.sum();
      for (Eigen::Index i = 0; i < size; i += block) {
        const Eigen::Index n = std::min<Eigen::Index>(block, size - i);
        fields[static_cast<std::size_t>(r)].push_back(
            {chi_star.middleRows(i, n), points.normals.block(first + i, L, n, L), weight.segment(i, n)});
      }
    });
  }
  return fields;
}

ValueLaw::ValueLaw(const Overlaps& o) : s(std::sqrt(std::max(0.0, o.q_k - o.m_k * o.m_k))), m_vk(o.m_vk) {
  const double rest = std::max(0.0, o.q_v - o.m_vk * o.m_vk), most = std::sqrt(rest);
  star = s > 0 ? std::clamp(o.m_kv / s, -1.0, 1.0) : 0;
  slope = s > 0 ? std::clamp((o.q_kv - o.m_k * o.m_vk) / s, -most, most) : 0;
  star_variance = 1 - star * star;
  covariance = o.m_v - star * slope;
  variance = rest - slope * slope;
}

double mean_risk(const std::vector<PopulationFields>& points, const Activation& activation,
                 const Overlaps& overlaps, double noise) {
  const ValueLaw law(overlaps);
  double sum = 0;
  Batch sigma;
  for (const PopulationFields& at : points) {
    activation.value(overlaps.m_k * at.chi_star + law.s * at.eta, sigma);
    const Eigen::ArrayXd R =
        law.star * at.eta.col(0) - (sigma * (law.m_vk * at.chi_star + law.slope * at.eta)).rowwise().sum();
    sum += (at.weight * (R.square() + noise + law.star_variance - 2 * law.covariance * sigma.col(0) +
                         law.variance * sigma.square().rowwise().sum()))
               .sum();
  }
  return sum;
}

}  // namespace quenched
