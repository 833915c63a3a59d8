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
                options.seed, options.threads, options.work) {}

  bool sampled() const override { return true; }
  std::string rule() const override {
    return "scrambled Sobol, " + std::to_string(points_.dimension()) + " dimensions, " +
           std::to_string(SampledPoints::replicates) + " x " + std::to_string(points_.size()) + " points";
  }

  ChannelMeans means(const OrderParameters& o, Detail detail) override {
    const bool diagnostics = detail == Detail::responses;
    ChannelMeans m = points_.means(
        o, diagnostics ? all_means : fixed_point_means, detail != Detail::means,
        [&](const SampledBlock& sample) { return contributions(o, sample, diagnostics); },
        diagnostics ? all_means - competing : 0);
    if (diagnostics)
      add_jumps(m, problem_, activation_, tokens_, o, std::max(tokens_ > 16 ? 16 : 64, points_.size() / 256),
                options_);
    return m;
  }

 private:
  [[nodiscard]] Batch contributions(const OrderParameters& o, const SampledBlock& sample,
                                    bool diagnostics) const {
    const auto& [law, zeta, w, y, t_v, slope, spread, proximal, g_k, g_v, controls] = sample;
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
    f.col(hit) = controls.col(FieldControls::attended);
    f.col(power) = controls.col(FieldControls::power);
    if (diagnostics) {
      const GlobalProximal::Response G = proximal.response();
      f.col(pointwise_k) = -G.div_k, f.col(pointwise_v) = -G.div_v;
      f.col(G_kk) = G.kk, f.col(G_kv) = G.kv, f.col(G_vv) = G.vv;
      f.col(jumps_k).setZero();  // by lines
      f.col(competing) = proximal.competing;
    }
    return f;
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
