#include "proximal_grid.hpp"

#include <algorithm>
#include <cmath>
#include <quenched/vector_math.hpp>

namespace quenched {

ProximalGrid::ProximalGrid(const Activation& activation, const Eigen::MatrixXd& B, Batch points)
    : x(std::move(points)) {
  const Batch chi = (x.matrix() * B.transpose()).array();
  ActivationJet jet;
  activation.jet(chi, jet);
  s = jet.s;
  std::array<Eigen::ArrayXd, 2> q;
  for (int a : {0, 1}) q[a] = (jet.q.matrix() * B.col(a)).array();
  const auto first = [&](int a) -> Batch {
    return jet.b.rowwise() * B.col(a).transpose().array() - jet.p.colwise() * q[a];
  };
  J1 = first(0), J2 = first(1);
  T11 = T12 = T22 = Batch(chi.rows(), chi.cols());
  Batch e, beta, u = Batch::Zero(chi.rows(), chi.cols());
  for (Eigen::Index l = 0; l < chi.cols(); ++l) {
    u.col(l) = 1;
    activation.curvature(jet, u, e, beta);
    u.col(l) = 0;
    const auto second = [&](int a, int b) -> Eigen::ArrayXd {
      const Eigen::ArrayXd beta_a = (beta.matrix() * B.col(a)).array(),
                           beta_b = (beta.matrix() * B.col(b)).array();
      return (e.matrix() * B.col(a).cwiseProduct(B.col(b))).array() - beta_a * q[b] - q[a] * beta_b;
    };
    T11.col(l) = second(0, 0), T12.col(l) = second(0, 1), T22.col(l) = second(1, 1);
  }
  const auto dot = [](const Batch& a, const Batch& b) { return (a * b).rowwise().sum().eval(); };
  fixed.resize(chi.rows(), contractions);
  fixed.col(ss) = dot(s, s), fixed.col(q1) = dot(s, J1), fixed.col(q2) = dot(s, J2);
  fixed.col(JJ11) = dot(J1, J1), fixed.col(JJ12) = dot(J1, J2), fixed.col(JJ22) = dot(J2, J2);
  fixed.col(K11) = fixed.col(JJ11) + dot(s, T11);
  fixed.col(K12) = fixed.col(JJ12) + dot(s, T12);
  fixed.col(K22) = fixed.col(JJ22) + dot(s, T22);
}

GridNeighbours grid_neighbours(const std::vector<Eigen::Index>& kept, Eigen::Index columns) {
  std::vector<Eigen::Index> place(static_cast<std::size_t>(columns * columns), -1);
  for (std::size_t k = 0; k < kept.size(); ++k)
    place[static_cast<std::size_t>(kept[k])] = static_cast<Eigen::Index>(k);
  GridNeighbours neighbours(kept.size());
  for (std::size_t k = 0; k < kept.size(); ++k)
    for (std::size_t a = 0, at = 0; a < 9; ++a) {
      if (a == 4) continue;
      const Eigen::Index column = kept[k] % columns + static_cast<Eigen::Index>(a % 3) - 1,
                         row = kept[k] / columns + static_cast<Eigen::Index>(a / 3) - 1;
      const bool outside = std::min(row, column) < 0 || std::max(row, column) >= columns;
      neighbours[k][at++] = outside ? -1 : place[static_cast<std::size_t>(row * columns + column)];
    }
  return neighbours;
}

namespace {

struct Pointers {
  Eigen::Index stride;
  const double *x, *s, *J1, *J2, *T11, *T12, *T22, *fixed;
};

/// Phi = D rho^2/2, Phi_a = rho e.J_a - V_v rho^2 q_a, Phi_ab = D rho_a rho_b - V_v rho^2 K_ab + rho e.T_ab.
template <int L>
[[gnu::always_inline]] inline void loop(const Pointers p, Eigen::Index n, const SampleFields& sample,
                                        const GridLaw& law, GridScan& scan) {
  using S = GridScan;
  using G = ProximalGrid;
  auto& out = scan.at;
  const double y = sample.y, V_k = law.V_k, V_v = law.V_v, inverse_q = 1 / law.q_k, c1 = law.centre[0],
               c2 = law.centre[1];
  const double e[3] = {sample.e[0], sample.e[1], sample.e[2]};
  const Eigen::Index N = p.stride;
  QUENCHED_INDEPENDENT
  for (Eigen::Index i = 0; i < n; ++i) {
    double se = y, j1 = 0, j2 = 0, t11 = 0, t12 = 0, t22 = 0;
    for (int l = 0; l < L; ++l) {
      const Eigen::Index at = i + l * N;
      se += p.s[at] * e[l];
      j1 += p.J1[at] * e[l], j2 += p.J2[at] * e[l];
      t11 += p.T11[at] * e[l], t12 += p.T12[at] * e[l], t22 += p.T22[at] * e[l];
    }
    const double D = 1 + V_v * p.fixed[i + G::ss * N], inverse_D = 1 / D;
    const double r = se * inverse_D, V_r2 = V_v * r * r;
    const double q1 = p.fixed[i + G::q1 * N], q2 = p.fixed[i + G::q2 * N];
    const double r1 = (j1 - 2 * V_v * r * q1) * inverse_D, r2 = (j2 - 2 * V_v * r * q2) * inverse_D;
    const double f1 = r * j1 - V_r2 * q1, f2 = r * j2 - V_r2 * q2;
    const double h11 = 1 + V_k * (D * r1 * r1 - V_r2 * p.fixed[i + G::K11 * N] + r * t11);
    const double h12 = V_k * (D * r1 * r2 - V_r2 * p.fixed[i + G::K12 * N] + r * t12);
    const double h22 = 1 + V_k * (D * r2 * r2 - V_r2 * p.fixed[i + G::K22 * N] + r * t22);
    const double o1 = p.x[i] + V_k * f1, o2 = p.x[i + N] + V_k * f2;
    const double a = o1 - c1, b = o2 - c2;
    out[S::rho][i] = r, out[S::rho1][i] = r1, out[S::rho2][i] = r2;
    out[S::g1][i] = -f1, out[S::g2][i] = -f2;
    out[S::H11][i] = h11, out[S::H12][i] = h12, out[S::H22][i] = h22, out[S::det][i] = h11 * h22 - h12 * h12;
    out[S::omega1][i] = o1, out[S::omega2][i] = o2, out[S::loss][i] = D * r * r / 2;
    out[S::exponent][i] = -0.5 * inverse_q * (a * a + b * b);
  }
}
QUENCHED_CLONES void loop_two(const Pointers p, Eigen::Index n, const SampleFields& sample,
                              const GridLaw& law, GridScan& scan) {
  loop<2>(p, n, sample, law, scan);
}
QUENCHED_CLONES void loop_three(const Pointers p, Eigen::Index n, const SampleFields& sample,
                                const GridLaw& law, GridScan& scan) {
  loop<3>(p, n, sample, law, scan);
}

constexpr std::size_t group = 32;  // rivals that are looked through together

/// The lowest Psi_j - slope.x_j of the points within sqrt(radius2) of x, and of the others in each group.
QUENCHED_CLONES double lowest(const double* Psi, const double* x1, const double* x2, std::size_t n,
                              double slope1, double slope2, double at1, double at2, double radius2,
                              double* far_of_group) {
  double near = INFINITY;
  for (std::size_t first = 0; first < n; first += group) {
    const std::size_t end = std::min(n, first + group);
    double low_near = INFINITY, low_far = INFINITY;
#ifndef __clang__  // which cannot vectorise it, and warns of that
#pragma omp simd reduction(min : low_near, low_far)
#endif
    for (std::size_t j = first; j < end; ++j) {
      const double value = Psi[j] - slope1 * x1[j] - slope2 * x2[j], d1 = x1[j] - at1, d2 = x2[j] - at2;
      const bool is_near = d1 * d1 + d2 * d2 < radius2;
      const double as_near = is_near ? value : INFINITY, as_far = is_near ? INFINITY : value;
      low_near = as_near < low_near ? as_near : low_near;
      low_far = as_far < low_far ? as_far : low_far;
    }
    near = low_near < near ? low_near : near;
    far_of_group[first / group] = low_far;
  }
  return near;
}

}  // namespace

void ProximalRivals::push_back(double x1, double x2, const GridScan& scan, Eigen::Index i) {
  using S = GridScan;
  const auto& at = scan.at;
  x1_.push_back(x1), x2_.push_back(x2);
  Psi_.push_back(at[S::loss][i] + (x1 * x1 + x2 * x2) / (2 * V_k_));
  steepest_ = std::max(steepest_, at[S::H11][i] + at[S::H22][i]);
  curvature_.push_back({at[S::omega1][i], at[S::omega2][i], at[S::H11][i], at[S::H12][i], at[S::H22][i]});
}

bool ProximalRivals::beat(double x1, double x2, double Psi, double omega1, double omega2) const {
  const double slope1 = omega1 / V_k_, slope2 = omega2 / V_k_, own = Psi - slope1 * x1 - slope2 * x2;
  const double radius2 = 6.5 * step_ * step_;
  far_of_group_.resize((Psi_.size() + group - 1) / group);
  const double near = lowest(Psi_.data(), x1_.data(), x2_.data(), Psi_.size(), slope1, slope2, x1, x2,
                             radius2, far_of_group_.data());
  const double far = *std::ranges::min_element(far_of_group_);
  if (near < own - 1e-12 || far < own) return true;
  if (!(far < own + steepest_ * step_ * step_ / V_k_))
    return false;  // no step of Newton's can lower it so far
  for (std::size_t j = 0; j < Psi_.size(); ++j) {
    if (j % group == 0 && far_of_group_[j / group] > far + 1e-12) {
      j += group - 1;
      continue;
    }
    if (Psi_[j] - slope1 * x1_[j] - slope2 * x2_[j] > far + 1e-12) continue;
    if (std::pow(x1_[j] - x1, 2) + std::pow(x2_[j] - x2, 2) < radius2) continue;
    const auto& [o1, o2, H11, H12, H22] = curvature_[j];
    const double d1 = omega1 - o1, d2 = omega2 - o2, det = H11 * H22 - H12 * H12;
    const double n1 = (H22 * d1 - H12 * d2) / det, n2 = (H11 * d2 - H12 * d1) / det;  // the step
    if (std::max(std::abs(n1), std::abs(n2)) < step_ && far - (d1 * n1 + d2 * n2) / (2 * V_k_) < own)
      return true;
  }
  return false;
}

void scan_grid(const ProximalGrid& grid, Eigen::Index first, Eigen::Index count, const SampleFields& sample,
               const GridLaw& law, GridScan& scan) {
  const Pointers p{grid.size(),
                   grid.x.data() + first,
                   grid.s.data() + first,
                   grid.J1.data() + first,
                   grid.J2.data() + first,
                   grid.T11.data() + first,
                   grid.T12.data() + first,
                   grid.T22.data() + first,
                   grid.fixed.data() + first};
  (grid.s.cols() == 2 ? loop_two : loop_three)(p, count, sample, law, scan);
}

}  // namespace quenched
