#include "linear_proximal.hpp"

#include <cmath>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

/// One step of Newton's method within the bracket [low, high], bisected where it leaves it.
QUENCHED_CLONES void newton(Eigen::Index n, double V_k, double V_v, const double* __restrict A,
                            const double* __restrict C, const double* __restrict W,
                            const double* __restrict y, double* __restrict rho, double* __restrict low,
                            double* __restrict high) {
  QUENCHED_INDEPENDENT
  for (Eigen::Index i = 0; i < n; ++i) {
    const double r = rho[i], inverse = 1 / (1 - V_k * V_v * r * r);
    const double sw = (C[i] + V_k * r * W[i]) * inverse;
    const double ss = (A[i] + 2 * V_k * r * C[i] + V_k * V_k * r * r * W[i]) * inverse * inverse;
    const double turn = 2 * V_k * V_v * r * inverse;  // -d log(1 - V_k V_v rho^2)/d rho
    const double sw1 = V_k * W[i] * inverse + sw * turn, ss1 = 2 * V_k * sw * inverse + 2 * ss * turn;
    const double miss = r + V_v * r * ss + sw - y[i], slope = 1 + V_v * (ss + r * ss1) + sw1;
    low[i] = miss < 0 ? r : low[i];
    high[i] = miss > 0 ? r : high[i];
    const double next = r - miss / slope, middle = (low[i] + high[i]) / 2;
    rho[i] = next > low[i] && next < high[i] ? next : miss == 0 ? r : middle;
  }
}

}  // namespace

Eigen::ArrayXd linear_residual(double V_k, double V_v, const LinearInvariants& samples) {
  constexpr int most = 60;
  const auto& [A, C, W, y] = samples;
  const double end = 1 / std::sqrt(V_k * V_v);
  Eigen::ArrayXd low = Eigen::ArrayXd::Constant(y.size(), -end), high = -low, before;
  Eigen::ArrayXd rho = ((y - C) / (1 + V_v * A + V_k * W)).max(-0.9 * end).min(0.9 * end);
  for (int iteration = 0; iteration < most; ++iteration) {
    before = rho;
    newton(y.size(), V_k, V_v, A.data(), C.data(), W.data(), y.data(), rho.data(), low.data(), high.data());
    if (((rho - before).abs() < 1e-13 * end).all()) break;
  }
  return rho;
}

void LinearProximal::minimise(double V_k, double V_v, const Batch& omega, const Eigen::ArrayXd& y,
                              const Batch& w) {
  const Batch a = 1 + omega;
  rho = linear_residual(V_k, V_v,
                        {a.square().rowwise().sum(), (a * w).rowwise().sum(), w.square().rowwise().sum(), y});
  const Eigen::ArrayXd inverse = 1 / (1 - V_k * V_v * rho.square());
  const Batch s = (a + w.colwise() * (V_k * rho)).colwise() * inverse;
  g_v = s.colwise() * rho;
  g_k = w.colwise() * rho + s.colwise() * (V_v * rho.square());
  M = (1 + V_v * s.square().rowwise().sum()) * rho.square() / 2 + V_k / 2 * g_k.square().rowwise().sum();
}

}  // namespace quenched
