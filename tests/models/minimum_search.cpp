#include "minimum_search.hpp"

#include <cmath>
#include <random>

#include "global_proximal.hpp"

using namespace quenched;

MissedMinima missed_minima(const Activation& activation, int L, const OrderParameters& o, double signal,
                           double noise, int samples, int starts, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  constexpr int block = 64;
  MissedMinima result;
  for (int done = 0; done < samples; done += block) {
    const auto gaussian = [&](int columns) {
      return Batch(Batch::NullaryExpr(block, columns, [&] { return normal(rng); }));
    };
    FieldLaw law;
    make_task("spiked", signal)->fields(o.m_k, o.q_k, gaussian(L), law);
    const Batch zeta = gaussian(L), w = std::sqrt(o.q_v) * zeta;
    const double slope = o.m_v / std::sqrt(o.q_v);
    const Eigen::ArrayXd y = slope * zeta.col(0) + std::sqrt(1 - slope * slope + noise) * gaussian(1).col(0);
    GlobalProximal search(activation, L, o);
    search.minimise(law.omega, y, w);

    Eigen::ArrayXd least = search.best.value, most = least;
    AttentionLoss loss(activation, o.V_v);
    ProximalMinimum found;
    for (int start = 0; start < starts; ++start) {
      Batch from(block, L);
      for (int i = 0; i < block; ++i) {
        const double scale = (1 + 2 * uniform(rng)) * std::sqrt(o.V_k);
        for (int l = 0; l < L; ++l)
          from(i, l) = start % 2 ? law.omega(i, l) + scale * normal(rng) : 12 * (2 * uniform(rng) - 1);
      }
      proximal_minimum([&](const Batch& x, LowRankModel& model) { loss.evaluate(x, y, w, model); }, law.omega,
                       o.V_k, from, found);
      for (int i = 0; i < block; ++i)
        if (found.converged[i])
          least[i] = std::min(least[i], found.value[i]), most[i] = std::max(most[i], found.value[i]);
    }
    const Eigen::ArrayXd rounding = 1e-7 * (1 + least.abs()), gap = search.best.value - least;
    result.samples += block;
    result.missed += static_cast<int>((gap > rounding).count());
    result.bistable += static_cast<int>((most - least > rounding).count());
    result.loss += (gap > rounding).select(gap, 0).sum();
  }
  result.loss /= result.samples;
  return result;
}
