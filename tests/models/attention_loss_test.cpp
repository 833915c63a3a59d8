#include "attention_loss.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace quenched;

namespace {
Batch gaussian(int rows, int columns, unsigned seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> normal;
  return Batch::NullaryExpr(rows, columns, [&] { return normal(rng); });
}
/// h(chi) written out from section 5: (y - s.w)^2/(2 (1 + V_v |s|^2)) + |chi - omega|^2/(2 V_k).
double h(const Activation& a, const Batch& chi, const Batch& omega, double y, const Batch& w, double V_k,
         double V_v) {
  Batch s;
  a.value(chi, s);
  return std::pow(y - (s * w).sum(), 2) / (2 * (1 + V_v * s.square().sum())) +
         (chi - omega).square().sum() / (2 * V_k);
}
}  // namespace

TEST_CASE(
    "the reduced loss: gradient and Hessian against differences; z's elimination against the full problem") {
  const double V_v = 0.7;
  const Batch chi = gaussian(1, 3, 1), w = gaussian(1, 3, 2);
  const Eigen::ArrayXd y = Eigen::ArrayXd::Constant(1, 1.3);
  for (const std::string& name : activation_names()) {
    const auto activation = make_activation(name);
    CAPTURE(name);
    AttentionLoss loss(*activation, V_v);
    LowRankModel model, up, down;
    loss.evaluate(chi, y, w, model);
    // min over z of (y - s.z)^2/2 + |z - w|^2/(2 V_v) is at z = w + V_v rho s.
    const Batch z = w + V_v * loss.rho[0] * loss.jet.s;
    const double full = std::pow(y[0] - (loss.jet.s * z).sum(), 2) / 2 + (z - w).square().sum() / (2 * V_v);
    CHECK(model.value[0] == doctest::Approx(full).epsilon(1e-12));
    const double step = 1e-5;
    for (int m = 0; m < 3; ++m) {
      Batch a = chi, b = chi;
      a(0, m) += step, b(0, m) -= step;
      loss.evaluate(a, y, w, up), loss.evaluate(b, y, w, down);
      CHECK(model.gradient(0, m) ==
            doctest::Approx((up.value[0] - down.value[0]) / (2 * step)).epsilon(1e-7));
      for (int l = 0; l < 3; ++l) {
        const double H = (l == m ? model.diagonal(0, l) : 0) + model.zeta[0] * model.z(0, l) * model.z(0, m) +
                         model.gamma(0, l) * model.q(0, m) + model.q(0, l) * model.gamma(0, m);
        CHECK(std::abs(H - (up.gradient(0, l) - down.gradient(0, l)) / (2 * step)) < 1e-7);
      }
    }
  }
}

TEST_CASE("proximal point: stationary, even under (y, w) -> -(y, w), and moved along by a permutation") {
  const double V_k = 1.5, V_v = 0.6;
  const int n = 40;
  const Batch omega = gaussian(n, 4, 3), w = gaussian(n, 4, 4);
  const Eigen::ArrayXd y = gaussian(n, 1, 5).col(0);
  for (const char* name : {"softmax", "linear"}) {
    const auto activation = make_activation(name);
    const auto solve = [&](const Batch& o, const Eigen::ArrayXd& label, const Batch& field,
                           ProximalMinimum& found) {
      AttentionLoss loss(*activation, V_v);
      proximal_minimum([&](const Batch& x, LowRankModel& m) { loss.evaluate(x, label, field, m); }, o, V_k, o,
                       found);
      return loss.rho;
    };
    ProximalMinimum found, mirrored, swapped;
    const Eigen::ArrayXd rho = solve(omega, y, w, found), rho_mirrored = solve(omega, -y, -w, mirrored);
    CHECK(found.converged.all());
    CHECK((found.model.gradient + (found.x - omega) / V_k).abs().maxCoeff() < 1e-7);
    CHECK((found.x - mirrored.x).abs().maxCoeff() < 1e-9);
    CHECK((rho + rho_mirrored).abs().maxCoeff() < 1e-9);
    const Eigen::Vector4i order(3, 0, 2, 1);
    solve(omega(Eigen::all, order), y, w(Eigen::all, order), swapped);
    CHECK((found.x(Eigen::all, order) - swapped.x).abs().maxCoeff() < 1e-7);
    for (int i = 0; i < n; ++i)  // below its surroundings
      for (int trial = 0; trial < 10; ++trial) {
        const Batch near = found.x.row(i) + 0.05 * gaussian(1, 4, static_cast<unsigned>(100 + trial)).row(0);
        CHECK(h(*activation, near, omega.row(i), y[i], w.row(i), V_k, V_v) >= found.value[i] - 1e-12);
      }
  }
}

TEST_CASE("linear: the minimiser obeys the scalar reduction of section 6") {
  const double V_k = 0.8, V_v = 0.5;
  const Batch omega = gaussian(50, 5, 6), w = gaussian(50, 5, 7);
  const Eigen::ArrayXd y = gaussian(50, 1, 8).col(0);
  const auto linear = make_activation("linear");
  AttentionLoss loss(*linear, V_v);
  ProximalMinimum found;
  proximal_minimum([&](const Batch& x, LowRankModel& m) { loss.evaluate(x, y, w, m); }, omega, V_k, omega,
                   found);
  CHECK(found.converged.all());
  CHECK((loss.rho.abs() < 1 / std::sqrt(V_k * V_v)).all());
  const Eigen::ArrayXd shrink = 1 - V_k * V_v * loss.rho.square();
  const Batch s = ((1 + omega) + V_k * (w.colwise() * loss.rho)).colwise() / shrink;
  CHECK((1 + found.x - s).abs().maxCoeff() < 1e-7);
}
