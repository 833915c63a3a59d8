#include "field_controls.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

using namespace quenched;

TEST_CASE("Control variates: their averages over (y, w) at given fields are those of plain sampling") {
  const OrderParameters o{0.6, 0.9, 1.2, 0.7, 0.8, 0.5};
  const double noise = 0.15, slope = o.m_v / std::sqrt(o.q_v), spread = 1 - slope * slope + noise;
  const Eigen::Index samples = 400000;
  std::mt19937_64 rng(3);
  std::normal_distribution<double> normal;
  const auto normals = [&](Eigen::Index rows, Eigen::Index columns) {
    return Batch(Batch::NullaryExpr(rows, columns, [&] { return normal(rng); }));
  };
  for (const std::string name : {"softmax", "softmax-1", "erf:-1", "relu", "linear"})
    for (const int L : {1, 3}) {
      const auto activation = make_activation(name);
      const FieldControls controls(*activation, o, noise);
      FieldLaw one{normals(1, L), normals(1, L), Eigen::ArrayXd::Ones(1)}, law;
      law.omega = one.omega.replicate(samples, 1), law.t = one.t.replicate(samples, 1);
      const Batch zeta = normals(samples, L);
      const Eigen::ArrayXd noises = normals(samples, 1).col(0);
      const Batch f = controls.at(law, slope * zeta.col(0) + std::sqrt(spread) * noises,
                                  std::sqrt(o.q_v) * zeta, zeta, noises / std::sqrt(spread)),
                  expected = controls.expected(one);
      for (int k = 0; k < FieldControls::count; ++k) {
        const double mean = f.col(k).mean(),
                     error = std::sqrt((f.col(k) - mean).square().mean() / static_cast<double>(samples));
        CAPTURE(name);
        CAPTURE(L);
        CAPTURE(k);
        CHECK(std::abs(mean - expected(0, k)) <= 4.5 * error + 1e-10);
        CHECK(error <= 0.05 * (std::abs(expected(0, k)) + 1));
      }
    }
}
