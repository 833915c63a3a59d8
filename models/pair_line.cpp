#include "pair_line.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

QUENCHED_CLONES void scan_loop(Eigen::Index n, const double* __restrict delta, const double* __restrict p,
                               const double* __restrict p1, const double* __restrict p2, double d1, double d2,
                               double V_k, double V_v, double* __restrict rho, double* __restrict rho1,
                               double* __restrict D, double* __restrict loss, double* __restrict c,
                               double* __restrict c1) {
  for (Eigen::Index i = 0; i < n; ++i) {
    const double twist = 2 * p[i] - 1;
    const double D_i = 1 + V_v * (1 + twist * twist) / 2;
    const double inverse_D = 1 / D_i;
    const double rho_i = (d2 + p[i] * (d1 - d2)) * inverse_D;
    const double rho1_i = (d1 - d2 - 2 * V_v * rho_i * twist) * inverse_D;
    const double slope = rho_i * (d1 - d2) - V_v * rho_i * rho_i * twist;      // d Phi/dp
    const double curvature = D_i * rho1_i * rho1_i - 2 * V_v * rho_i * rho_i;  // d^2 Phi/dp^2
    rho[i] = rho_i, rho1[i] = rho1_i, D[i] = D_i, loss[i] = D_i * rho_i * rho_i / 2;
    c[i] = delta[i] + 2 * V_k * p1[i] * slope;
    c1[i] = 1 + 2 * V_k * (p1[i] * p1[i] * curvature + p2[i] * slope);
  }
}

}  // namespace

PairNodes::PairNodes(const Activation& activation, Eigen::ArrayXd at, Eigen::ArrayXd weights)
    : delta(std::move(at)), weight(std::move(weights)) {
  Batch chi(delta.size(), 2), u(delta.size(), 2), e, beta;
  chi << delta, Eigen::ArrayXd::Zero(delta.size());
  u << Eigen::ArrayXd::Ones(delta.size()), Eigen::ArrayXd::Zero(delta.size());
  ActivationJet jet;
  activation.jet(chi, jet);
  activation.curvature(jet, u, e, beta);
  p = jet.s.col(0);
  p1 = jet.b.col(0) - jet.p.col(0) * jet.q.col(0);
  p2 = e.col(0) - 2 * beta.col(0) * jet.q.col(0);
}

void PairScan::evaluate(const PairNodes& nodes, const Eigen::Vector2d& d, double V_k, double V_v) {
  for (Eigen::ArrayXd* a : {&rho, &rho1, &D, &loss, &c, &c1}) a->resize(nodes.size());
  scan_loop(nodes.size(), nodes.delta.data(), nodes.p.data(), nodes.p1.data(), nodes.p2.data(), d[0], d[1],
            V_k, V_v, rho.data(), rho1.data(), D.data(), loss.data(), c.data(), c1.data());
}

Eigen::ArrayXd PairScan::power(const PairNodes& at) { return at.p.square() + (1 - at.p).square(); }

Eigen::ArrayXd PairScan::moved_squared(const PairNodes& at) const {
  return at.p1.square() * ((rho + at.p * rho1).square() + (rho - (1 - at.p) * rho1).square());
}

Eigen::ArrayXd PairScan::moved_along_s(const PairNodes& at) const {
  return at.p1 * (at.p * (rho + at.p * rho1) - (1 - at.p) * (rho - (1 - at.p) * rho1));
}

std::vector<Eigen::Index> lower_hull(const Eigen::ArrayXd& x, const Eigen::ArrayXd& psi) {
  std::vector<Eigen::Index> hull;
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    while (hull.size() >= 2) {
      const Eigen::Index a = hull[hull.size() - 2], b = hull.back();
      if ((psi[b] - psi[a]) * (x[i] - x[a]) < (psi[i] - psi[a]) * (x[b] - x[a])) break;
      hull.pop_back();
    }
    hull.push_back(i);
  }
  return hull;
}

DifferenceLaw::DifferenceLaw(const Task& task, double m, double q) : uniform_(task.independent_tokens()) {
  const Eigen::Index n = uniform_ ? 1 : 4001;
  const double end = uniform_ ? 0 : table_end;
  const Eigen::ArrayXd eta = Eigen::ArrayXd::LinSpaced(n, -end, end);
  Batch normals(n, 2);
  normals << eta / std::numbers::sqrt2, -eta / std::numbers::sqrt2;
  FieldLaw law;
  task.fields(m, q, normals, law);
  sigma = std::sqrt(2 * q);
  mu = law.omega(n / 2, 0) - law.omega(n / 2, 1);
  tilt_ = law.weight;
  teacher_ = law.t.col(0) - law.t.col(1);
}

void DifferenceLaw::apply(const Eigen::ArrayXd& eta, Eigen::ArrayXd& density, Eigen::ArrayXd& T) const {
  T.resize(eta.size());
  if (uniform_) {
    T.setConstant(teacher_[0]);
    return;
  }
  const double step = 2 * table_end / static_cast<double>(tilt_.size() - 1);
  for (Eigen::Index i = 0; i < eta.size(); ++i) {
    const double place = (std::clamp(eta[i], -table_end, table_end) + table_end) / step;
    const auto cell = std::clamp<Eigen::Index>(static_cast<Eigen::Index>(place), 1, tilt_.size() - 3);
    const double x = place - static_cast<double>(cell);
    const double w0 = -x * (x - 1) * (x - 2) / 6, w1 = (x * x - 1) * (x - 2) / 2,
                 w2 = -x * (x + 1) * (x - 2) / 2, w3 = x * (x * x - 1) / 6;
    const auto value = [&](const Eigen::ArrayXd& f) {
      return w0 * f[cell - 1] + w1 * f[cell] + w2 * f[cell + 1] + w3 * f[cell + 2];
    };
    density[i] *= value(tilt_);
    T[i] = value(teacher_);
  }
}

void DifferenceLaw::fresh_sample(const Activation& activation, double& hit, double& power) const {
  constexpr double end = 8;
  constexpr double step = 1.0 / 16;
  const auto n = static_cast<Eigen::Index>(2 * end / step) + 1;
  const Eigen::ArrayXd eta = Eigen::ArrayXd::LinSpaced(n, -end, end);
  Eigen::ArrayXd density = (-0.5 * eta.square()).exp() * (step / std::sqrt(2 * std::numbers::pi)), T;
  apply(eta, density, T);
  const PairNodes at(activation, mu + sigma * eta, density);
  hit = (density * at.p).sum();
  power = (density * PairScan::power(at)).sum();
}

}  // namespace quenched
