#include <algorithm>
#include <cmath>
#include <limits>

#include "jumps.hpp"
#include "sampled_points.hpp"

namespace quenched {
namespace {

class SampledChannel final : public Channel {
 public:
  SampledChannel(const Problem& problem, const Activation& activation, int tokens,
                 const ChannelOptions& options)
      : problem_(problem),
        activation_(activation),
        tokens_(tokens),
        options_(options),
        points_(problem, activation, tokens,
                std::max(SampledPoints::block, static_cast<int>(256 * std::pow(4.0, options.level))),
                options.seed, options.threads) {}

  std::string rule() const override {
    return "scrambled Sobol, " + std::to_string(points_.dimension()) + " dimensions, " +
           std::to_string(SampledPoints::replicates) + " x " + std::to_string(points_.size()) + " points";
  }

  ChannelMeans means(const OrderParameters& o, Detail detail) override {
    const bool diagnostics = detail == Detail::responses;
    ChannelMeans m =
        points_.means(o, diagnostics ? all_means : fixed_point_means, detail != Detail::means,
                      [&](const SampledBlock& sample) { return contributions(o, sample, diagnostics); });
    if (diagnostics)
      add_jumps(m, problem_, activation_, tokens_, o, std::max(64, points_.size() / 256), options_);
    return m;
  }

 private:
  [[nodiscard]] Batch contributions(const OrderParameters& o, const SampledBlock& sample,
                                    bool diagnostics) const {
    const auto& [law, zeta, w, y, t_v, slope, spread, proximal, g_k, g_v] = sample;
    const double tiny = std::numeric_limits<double>::min();
    Batch f(y.size(), diagnostics ? all_means : fixed_point_means);
    f.col(mhat_k) = (g_k * law.t).rowwise().sum();
    f.col(qhat_k) = g_k.square().rowwise().sum();
    f.col(Vhat_k) = -(g_k * (law.omega - o.m_k * law.t)).rowwise().sum() / std::max(o.q_k, tiny);
    f.col(mhat_v) = g_v.col(0) * t_v;
    f.col(qhat_v) = g_v.square().rowwise().sum();
    f.col(Vhat_v) =
        -((g_v * zeta).rowwise().sum() - slope * g_v.col(0) * t_v) / std::max(std::sqrt(o.q_v), tiny);
    f.col(rho_squared) = proximal.loss.rho.square();
    Batch fresh;
    activation_.value(law.omega, fresh);
    f.col(hit) = fresh.col(0);
    f.col(power) = fresh.square().rowwise().sum();
    if (diagnostics) {
      response(o, sample, f);
      f.col(jumps_k).setZero();  // by lines
      f.col(competing) = proximal.competing;
    }
    return f;
  }

  /// G_kk = (H^-1/V_k - I)/V_k, G_kv = H^-1 M/V_k, G_vv = M^T H^-1 M - s s^T/D with H the Hessian of h,
  /// M = J^T (rho I - c s^T/D) = rho (diag(b) - q p^T) - z s^T/D. O(L^2) a point.
  static void response(const OrderParameters& o, const SampledBlock& sample, Batch& f) {
    const AttentionLoss& loss = sample.proximal.loss;
    const ProximalMinimum& best = sample.proximal.best;
    const auto& [s, jb, p, q, c] = loss.jet;
    const Eigen::Index rows = s.rows(), L = s.cols();
    const Batch& z = best.model.z;
    Batch Hq = q, Hz = z, column(rows, L), N(rows, L), G(rows, L);
    best.factor.solve(Hq);
    best.factor.solve(Hz);
    Eigen::ArrayXd trace_k = Eigen::ArrayXd::Zero(rows), trace_v = trace_k, kk = trace_k, kv = trace_k,
                   vv = trace_k;
    for (Eigen::Index m = 0; m < L; ++m) {
      column.setZero();
      column.col(m) = 1;
      best.factor.solve(column);
      const Eigen::ArrayXd s_D = s.col(m) / loss.D, rho_b = loss.rho * jb.col(m), rho_p = loss.rho * p.col(m);
      N = column.colwise() * rho_b - Hq.colwise() * rho_p - Hz.colwise() * s_D;
      const Eigen::ArrayXd qN = (q * N).rowwise().sum() * loss.rho, zN = (z * N).rowwise().sum() / loss.D;
      G = (jb * N).colwise() * loss.rho - p.colwise() * qN - s.colwise() * (zN + s_D);
      trace_v += G.col(m);
      vv += G.square().rowwise().sum();
      kv += N.square().rowwise().sum();
      column /= o.V_k;
      column.col(m) -= 1;
      trace_k += column.col(m);
      kk += column.square().rowwise().sum();
    }
    f.col(pointwise_k) = -trace_k / o.V_k;
    f.col(pointwise_v) = -trace_v;
    f.col(G_kk) = kk / (o.V_k * o.V_k);
    f.col(G_kv) = kv / (o.V_k * o.V_k);
    f.col(G_vv) = vv;
  }

  Problem problem_;
  const Activation& activation_;
  int tokens_;
  ChannelOptions options_;
  SampledPoints points_;
};

}  // namespace

std::unique_ptr<Channel> sampled_channel(const Problem& problem, const Activation& activation, int tokens,
                                         const ChannelOptions& options) {
  return std::make_unique<SampledChannel>(problem, activation, tokens, options);
}

}  // namespace quenched
