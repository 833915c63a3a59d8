#include "smoothed_gumbel.hpp"

#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

/// Adds weight times the Gumbel law at x: with E = exp(-x), K = exp(-E).
void add_gumbel(double weight, const Eigen::ArrayXd& x, SmoothedGumbel& law) {
  Eigen::ArrayXd E = (-x).min(700.0), C(x.size());
  vector_math::exp(E, E);
  const Eigen::ArrayXd minus_E = -E;
  vector_math::exp(minus_E, C);
  law.cdf += weight * C;
  law.above += weight * (E < 1e-3).select(E * (1 - E / 2 * (1 - E / 3 * (1 - E / 4))), 1 - C);
  law.d1 += weight * E * C;
  law.d2 += weight * (E < 700).select((E - 1) * E * C, 0.0);
  law.d3 += weight * (E < 700).select((E * (E - 3) + 1) * E * C, 0.0);
}

}  // namespace

SmoothedGumbel smoothed_gumbel(const Eigen::ArrayXd& x, double s) {
  const Eigen::ArrayXd zero = Eigen::ArrayXd::Zero(x.size());
  SmoothedGumbel law{zero, zero, zero, zero, zero};
  if (s == 0) {
    add_gumbel(1, x, law);
  } else if (s < 1) {
    constexpr double step = 0.25, widest = 12.5;  // aliasing below 1e-15 at s = 1
    for (double z = -widest; z <= widest; z += step)
      add_gumbel(step * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi), x - s * z, law);
  } else {
    constexpr double step = 0.25;  // |Gamma(1 + 2 pi i/step)| < 1e-15
    Eigen::ArrayXd u(x.size()), minus_u(x.size()), Phi(x.size()), phi(x.size());
    for (double g = -4.75; g <= 50; g += step) {
      const double weight = step * std::exp(-g - std::exp(-g));
      u = (x - g) / s;
      minus_u = -u;
      vector_math::normal_cdf(u, Phi);
      law.cdf += weight * Phi;
      vector_math::normal_cdf(minus_u, Phi);
      law.above += weight * Phi;
      phi = -u.square() / 2;
      vector_math::exp(phi, phi);
      phi *= weight / std::sqrt(2 * std::numbers::pi) / s;
      law.d1 += phi;
      law.d2 -= phi * u / s;
      law.d3 += phi * (u.square() - 1) / (s * s);
    }
  }
  return law;
}

}  // namespace quenched
