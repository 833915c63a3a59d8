#include "channel.hpp"

namespace quenched {
namespace {

/// s = 1: rho = (y - w)/(1 + V_v), g_k = 0, g_v = rho. Ridge regression.
class SingleTokenChannel final : public Channel {
 public:
  explicit SingleTokenChannel(double Delta) : Delta_(Delta) {}
  std::string rule() const override { return "closed form (L = 1)"; }
  ChannelMeans means(const OrderParameters& o, Detail detail) override {
    const bool diagnostics = detail == Detail::responses;
    ChannelMeans m{Eigen::ArrayXd::Zero(diagnostics ? all_means : fixed_point_means), {}};
    const double response = 1 / (1 + o.V_v);
    m.value[rho_squared] = m.value[qhat_v] = (1 + Delta_ - 2 * o.m_v + o.q_v) * response * response;
    m.value[mhat_v] = m.value[Vhat_v] = response;
    m.value[hit] = m.value[power] = 1;
    if (diagnostics) {
      m.value[pointwise_v] = response;
      m.value[G_vv] = response * response;
    }
    m.deviation = Batch::Zero(1, m.value.size());
    return m;
  }

 private:
  double Delta_;
};

}  // namespace

std::unique_ptr<Channel> single_token_channel(const Problem& problem) {
  return std::make_unique<SingleTokenChannel>(problem.noise);
}

}  // namespace quenched
