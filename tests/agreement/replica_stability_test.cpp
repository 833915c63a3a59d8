#include <doctest/doctest.h>

#include <cmath>
#include <quenched/amp.hpp>
#include <quenched/erm.hpp>

using namespace quenched;

namespace {

/// ERM, sigma = 1 + chi (docs/equations.md, section 6): s = (a + V_k rho w)/(1 - V_k V_v rho^2), a = 1 +
/// omega, at the root rho of rho (1 + V_v |s|^2) + s.w = y, by bisection; divergences by differences.
struct LinearSample {
  double V_k, V_v, y;
  struct G {
    Eigen::ArrayXd k, v;
  };
  G at(const Eigen::ArrayXd& omega, const Eigen::ArrayXd& w) const {
    const auto s = [&](double rho) {
      return ((1 + omega + V_k * rho * w) / (1 - V_k * V_v * rho * rho)).eval();
    };
    double high = 1 / std::sqrt(V_k * V_v), low = -high;
    for (int halving = 0; halving < 50; ++halving) {
      const double rho = (low + high) / 2;
      const Eigen::ArrayXd attention = s(rho);
      (rho * (1 + V_v * attention.square().sum()) + (attention * w).sum() < y ? low : high) = rho;
    }
    const Eigen::ArrayXd attention = s(low);
    return {(attention - 1 - omega) / V_k, low * attention};
  }
};

void linear_channel(const Batch& omega, const Batch& w, const Eigen::ArrayXd& y, double V_k, double V_v,
                    AmpChannelOutput& out) {
  constexpr double h = 1e-4;
  const Eigen::Index samples = y.size(), L = omega.cols();
  out.g_k.resize(samples, L), out.g_v.resize(samples, L);
  out.divergence_k.setZero(samples), out.divergence_v.setZero(samples);
  for (Eigen::Index i = 0; i < samples; ++i) {
    const LinearSample sample{V_k, V_v, y[i]};
    const Eigen::ArrayXd o = omega.row(i).transpose(), x = w.row(i).transpose();
    const auto [g_k, g_v] = sample.at(o, x);
    out.g_k.row(i) = g_k.transpose(), out.g_v.row(i) = g_v.transpose();
    for (Eigen::Index l = 0; l < L; ++l) {
      const Eigen::ArrayXd step = h * Eigen::VectorXd::Unit(L, l).array();
      out.divergence_k[i] += (sample.at(o + step, x).k[l] - sample.at(o - step, x).k[l]) / (2 * h);
      out.divergence_v[i] += (sample.at(o, x + step).v[l] - sample.at(o, x - step).v[l]) / (2 * h);
    }
  }
}

}  // namespace

TEST_CASE("two copies of message passing part by the replicon eigenvalue, on both sides of 1") {
  struct Case {
    int tokens;
    double signal, alpha, ridge, noise;
    bool above;
  };
  const int D = 2400, draws = 2;
  for (const Case& c :
       {Case{2, 2, 4, 0.5, 0.1, false}, Case{2, 2, 4, 0.1, 0, false}, Case{3, 1, 5, 0.6, 0.25, false},
        Case{5, 1, 3, 1, 0.1, true}, Case{3, 1, 5, 0.3, 0.25, true}}) {
    const Problem problem{make_task("spiked", c.signal), {{c.tokens, 1.0}}, c.noise};
    const ErmResult theory = erm(problem, *make_activation("linear"), c.alpha, c.ridge, c.ridge);
    const OrderParameters& o = theory.overlaps;
    double mean = 0, squares = 0, copies = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const Directions directions = draw_directions(D, 100 + draw), noise = draw_directions(D, 200 + draw);
      const Samples samples =
          draw_samples(problem, directions, static_cast<int>(c.alpha * D), 300 + static_cast<unsigned>(draw));
      // Independent of the data, with the fixed point's overlaps: its fields have the law of the theory at
      // once.
      const auto start = [&](const Eigen::VectorXf& teacher, const Eigen::VectorXf& other, double m,
                             double q) {
        const Eigen::VectorXd t = teacher.cast<double>();
        Eigen::VectorXd n = other.cast<double>();
        n -= n.dot(t) / D * t;
        return (m * t + std::sqrt((q - m * m) * D) / n.norm() * n).eval();
      };
      const AmpState state{.k = start(directions.k_star, noise.k_star, o.m_k, o.q_k),
                           .v = start(directions.v_star, noise.v_star, o.m_v, o.q_v),
                           .V_k = o.V_k,
                           .V_v = o.V_v};
      const ReplicaStability measured = replica_stability(
          samples, linear_channel, state, {.prior_k = c.ridge, .prior_v = c.ridge}, 4, 400 + draw);
      mean += measured.eigenvalue / draws, squares += std::pow(measured.eigenvalue, 2) / draws;
      copies += std::pow(measured.error / draws, 2);
    }
    const double spread = std::sqrt((squares - mean * mean) / (draws - 1) + copies);
    INFO("L=", c.tokens, " r=", c.ridge, ": theory ", theory.certificate.stability_eigenvalue, "(",
         theory.certificate.stability_error, ") measured ", mean, "(", spread, ")");
    CHECK((theory.certificate.stability_eigenvalue > 1) == c.above);
    CHECK((mean > 1) == c.above);
    CHECK(std::abs(mean / theory.certificate.stability_eigenvalue - 1) <
          0.05 + 2 * theory.certificate.stability_error / theory.certificate.stability_eigenvalue);
    CHECK(spread < 0.05 * mean);
  }
}
