#include <doctest/doctest.h>

#include <quenched/population.hpp>
#include <random>

#include "attention_loss.hpp"
#include "channel.hpp"

using namespace quenched;

namespace {

/// An activation that hides properties, so that the averages are taken without the reductions that these
/// allow.
class Unreduced final : public Activation {
 public:
  Unreduced(const char* name, bool normalised, bool shift_invariant)
      : known_(make_activation(name)), info_(known_->info()) {
    info_.normalised = normalised, info_.shift_invariant = shift_invariant;
  }
  const ActivationInfo& info() const override { return info_; }
  void value(const Batch& chi, Batch& sigma) const override { known_->value(chi, sigma); }
  void jet(const Batch& chi, ActivationJet& jet) const override { known_->jet(chi, jet); }
  void curvature(const ActivationJet& jet, const Batch& u, Batch& e, Batch& beta) const override {
    known_->curvature(jet, u, e, beta);
  }
  Eigen::ArrayXd transition(const Batch& chi, int l) const override { return known_->transition(chi, l); }

 private:
  std::shared_ptr<const Activation> known_;
  ActivationInfo info_;
};

void equal(const ChannelMeans& reduced, const ChannelMeans& whole, double least) {
  const Eigen::ArrayXd a = reduced.deviation.square().colwise().sum().sqrt(),
                       b = whole.deviation.square().colwise().sum().sqrt();
  for (int i = 0; i < fixed_point_means; ++i) {
    CAPTURE(i);
    CHECK(std::abs(reduced.value[i] - whole.value[i]) <= 2 * (a[i] + b[i]) + least);
  }
}

Batch gaussian(int rows, int columns, unsigned seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  return Batch::NullaryExpr(rows, columns, [&] { return normal(rng); });
}

Problem slr(const char* task, double nu, int L) { return {make_task(task, nu), {{L, 1.0}}, 0.1}; }

const OrderParameters point{0.49, 0.47, 1.1, 0.91, 0.94, 0.46};

}  // namespace

TEST_CASE(
    "sum s = 1: the average over y - w_l equals the one over y and w_l; softmax without its common mode, the "
    "one with it") {
  const auto softmax = make_activation("softmax"), softplus = make_activation("softplus");
  const Unreduced softmax_with_shift("softmax", true, false), softmax_with_both("softmax", false, false),
      softplus_with_y("softplus", false, false);
  for (const Problem& problem : {slr("spiked", 2, 2), slr("max", 2, 2)}) {
    CAPTURE(problem.task->name());
    const ChannelOptions fine{.level = 1};
    const ChannelMeans three =
        pair_channel(problem, *softmax, fine)->means(point, Detail::responses);  // dimensions of the average
    const ChannelMeans four =
        grid_channel(problem, softmax_with_shift, 2, fine)->means(point, Detail::responses);
    const ChannelMeans five =
        grid_channel(problem, softmax_with_both, 2, fine)->means(point, Detail::responses);
    equal(three, four, 1e-6);
    equal(four, five, 1e-6);
    equal(grid_channel(problem, *softplus, 2, fine)->means(point, Detail::responses),
          grid_channel(problem, softplus_with_y, 2, fine)->means(point, Detail::responses), 1e-6);
  }
  for (const char* name : {"softmax", "centred-linear"}) {  // sampled, without and with the common mode
    const auto activation = make_activation(name);
    const Unreduced whole(name, activation->info().normalised, false);
    equal(sampled_channel(slr("spiked", 2, 4), *activation, 4, {.level = 1})->means(point, Detail::responses),
          sampled_channel(slr("spiked", 2, 4), whole, 4, {.level = 1})->means(point, Detail::responses), 0);
  }
}

TEST_CASE("the proximal point sees y - w_l only where sum s = 1, and moves with a common shift of omega") {
  const double V_k = 1.3, V_v = 0.6;
  const int n = 64, L = 3;
  const Batch omega = gaussian(n, L, 1), w = gaussian(n, L, 2);
  const Eigen::ArrayXd y = gaussian(n, 1, 3).col(0);
  const auto solve = [&](const Activation& activation, const Batch& centre, const Eigen::ArrayXd& label,
                         const Batch& field, Eigen::ArrayXd& rho) {
    AttentionLoss loss(activation, V_v);
    ProximalMinimum found;
    proximal_minimum([&](const Batch& x, LowRankModel& m) { loss.evaluate(x, label, field, m); }, centre, V_k,
                     centre, found);
    rho = loss.rho;
    return found;
  };
  for (const std::string& name : activation_names()) {
    const auto activation = make_activation(name);
    if (!activation->info().smooth) continue;
    CAPTURE(name);
    Eigen::ArrayXd rho, moved_rho;
    const ProximalMinimum found = solve(*activation, omega, y, w, rho);
    if (activation->info().normalised) {
      const ProximalMinimum same = solve(*activation, omega, y + 0.7, w + 0.7, moved_rho);
      CHECK((found.x - same.x).abs().maxCoeff() < 1e-7);
      CHECK((rho - moved_rho).abs().maxCoeff() < 1e-8);
    }
    if (activation->info().shift_invariant) {
      const ProximalMinimum shifted = solve(*activation, omega - 1.9, y, w, moved_rho);
      CHECK((found.x - 1.9 - shifted.x).abs().maxCoeff() < 1e-7);
      CHECK((found.value - shifted.value).abs().maxCoeff() < 1e-10);
    }
  }
}

TEST_CASE(
    "linear: one scalar equation in A = |a|^2, W = |w|^2, C = a.w and y gives the residual, whatever L") {
  const double V_k = 0.9, V_v = 0.5;
  for (const int L : {2, 3, 9}) {
    const int n = 64;
    const Batch omega = gaussian(n, L, 4), w = gaussian(n, L, 5), a = 1 + omega;
    const Eigen::ArrayXd y = gaussian(n, 1, 6).col(0), A = a.square().rowwise().sum(),
                         W = w.square().rowwise().sum(), C = (a * w).rowwise().sum();
    ProximalMinimum found;
    const auto linear = make_activation("linear");
    AttentionLoss loss(*linear, V_v);
    proximal_minimum([&](const Batch& x, LowRankModel& m) { loss.evaluate(x, y, w, m); }, omega, V_k, omega,
                     found);
    for (int i = 0; i < n; ++i) {
      // y = rho (1 + V_v |s|^2) + s.w with s = (a + V_k rho w)/(1 - V_k V_v rho^2) increases in rho:
      // bisection.
      double low = -1 / std::sqrt(V_k * V_v), high = -low;
      for (int halving = 0; halving < 100; ++halving) {
        const double rho = (low + high) / 2, shrink = 1 - V_k * V_v * rho * rho;
        const double s2 = (A[i] + 2 * V_k * rho * C[i] + V_k * V_k * rho * rho * W[i]) / (shrink * shrink);
        const double sw = (C[i] + V_k * rho * W[i]) / shrink;
        (rho * (1 + V_v * s2) + sw < y[i] ? low : high) = rho;
      }
      CHECK(std::abs(loss.rho[i] - low) < 1e-7);
    }
  }
}

TEST_CASE("one dimension for any L: the Bayes risk at infinite alpha against the average over all L fields") {
  const auto softmax = make_activation("softmax");
  for (const Problem& problem :
       {slr("spiked", 5, 3), slr("spiked", 3, 12), slr("max", 2, 5), slr("max", 0.5, 20)}) {
    const double c = problem.task->bayes_slope();
    const Excess one = bayes_excess_risk(problem);
    const Excess all = population_risk(problem, *softmax, c, c * c, 1, 1, {.tolerance = 1e-4});
    CHECK(std::abs(problem.noise + one.value - all.value) <= 2 * all.error);
    CHECK(all.error <= 1e-4);
  }
}
