#include <algorithm>
#include <cmath>
#include <quenched/proximal.hpp>
#include <quenched/vector_math.hpp>

#include "kinks.hpp"

namespace quenched {

namespace {

/// One column of the elimination for n points; c: the six distinct entries of the core.
QUENCHED_CLONES void eliminate(Eigen::Index n, const double* __restrict z, const double* __restrict g,
                               const double* __restrict q, const double* __restrict diagonal, double shift,
                               double floor, double* __restrict p, double* __restrict a, double* __restrict b,
                               double* __restrict c, double* __restrict core, double* __restrict definite) {
  double *c00 = core, *c01 = core + n, *c02 = core + 2 * n, *c11 = core + 3 * n, *c12 = core + 4 * n,
         *c22 = core + 5 * n;
  QUENCHED_INDEPENDENT
  for (Eigen::Index i = 0; i < n; ++i) {
    const double a_i = c00[i] * z[i] + c01[i] * g[i] + c02[i] * q[i];
    const double b_i = c01[i] * z[i] + c11[i] * g[i] + c12[i] * q[i];
    const double c_i = c02[i] * z[i] + c12[i] * g[i] + c22[i] * q[i];
    const double raw = diagonal[i] + shift + z[i] * a_i + g[i] * b_i + q[i] * c_i;
    const double size = std::abs(raw) > floor ? std::abs(raw) : floor;
    const double inverse = 1 / size;
    definite[i] = raw > 0 ? definite[i] : 0;
    p[i] = inverse;
    a[i] = a_i * inverse, b[i] = b_i * inverse, c[i] = c_i * inverse;
    c00[i] -= a_i * a_i * inverse, c01[i] -= a_i * b_i * inverse, c02[i] -= a_i * c_i * inverse;
    c11[i] -= b_i * b_i * inverse, c12[i] -= b_i * c_i * inverse, c22[i] -= c_i * c_i * inverse;
  }
}

/// h = value + shift |x - centre|^2/2 and its gradient, points x n.
QUENCHED_CLONES void distances(Eigen::Index points, Eigen::Index n, const double* __restrict x,
                               const double* __restrict centre, double shift, const double* __restrict own,
                               double* __restrict gradient, const double* __restrict value,
                               double* __restrict h) {
  for (Eigen::Index i = 0; i < points; ++i) h[i] = 0;
  for (Eigen::Index j = 0; j < n; ++j) {
    const Eigen::Index at = j * points;
    for (Eigen::Index i = 0; i < points; ++i) {
      const double d = x[at + i] - centre[at + i];
      gradient[at + i] = own[at + i] + shift * d;
      h[i] += d * d;
    }
  }
  for (Eigen::Index i = 0; i < points; ++i) h[i] = value[i] + shift / 2 * h[i];
}

/// The largest component of each Newton step relative to 1 + |x|, and the slope along it.
QUENCHED_CLONES void sizes(Eigen::Index points, Eigen::Index n, const double* __restrict x,
                           const double* __restrict gradient, const double* __restrict step,
                           double* __restrict size, double* __restrict slope) {
  for (Eigen::Index i = 0; i < points; ++i) size[i] = slope[i] = 0;
  for (Eigen::Index j = 0; j < n; ++j) {
    const Eigen::Index at = j * points;
    for (Eigen::Index i = 0; i < points; ++i) {
      const double part = std::abs(step[at + i]) / (1 + std::abs(x[at + i]));
      size[i] = part > size[i] ? part : size[i];
      slope[i] += gradient[at + i] * step[at + i];
    }
  }
}

/// Accepted points take over trial and its step; then trial moves by a fraction of the step from x.
QUENCHED_CLONES void move(Eigen::Index points, Eigen::Index n, const double* __restrict accepted,
                          const double* __restrict moved, const double* __restrict next,
                          double* __restrict step, double* __restrict x, double* __restrict trial) {
  for (Eigen::Index j = 0; j < n; ++j) {
    const Eigen::Index at = j * points;
    for (Eigen::Index i = 0; i < points; ++i) {
      const bool take = accepted[i] != 0;
      const double s = take ? next[at + i] : step[at + i], x_i = take ? trial[at + i] : x[at + i];
      step[at + i] = s, x[at + i] = x_i;
      trial[at + i] = moved[i] != 0 ? x_i + moved[i] * s : x_i;
    }
  }
}

}  // namespace

void LowRankFactor::factorise(const LowRankModel& model, double shift, double floor) {
  const Eigen::Index points = model.z.rows(), n = model.z.cols();
  u0_ = model.z, u1_ = model.gamma, u2_ = model.q;
  pivot_.resize(points, n), c0_.resize(points, n), c1_.resize(points, n), c2_.resize(points, n);
  // The core C, symmetric, in the basis (z, gamma, q).
  Batch core(points, 6);
  core << model.zeta, Batch::Zero(points, 3), Eigen::ArrayXd::Ones(points), Eigen::ArrayXd::Zero(points);
  Eigen::ArrayXd definite = Eigen::ArrayXd::Ones(points);
  for (Eigen::Index j = 0; j < n; ++j)
    eliminate(points, u0_.col(j).data(), u1_.col(j).data(), u2_.col(j).data(), model.diagonal.col(j).data(),
              shift, floor, pivot_.col(j).data(), c0_.col(j).data(), c1_.col(j).data(), c2_.col(j).data(),
              core.data(), definite.data());
  definite_ = definite.cast<int>();
}

void LowRankFactor::solve(Batch& rhs) const {
  const Eigen::Index n = rhs.cols();
  Eigen::ArrayXd r0 = Eigen::ArrayXd::Zero(rhs.rows()), r1 = r0, r2 = r0;
  for (Eigen::Index j = 0; j < n; ++j) {
    rhs.col(j) -= u0_.col(j) * r0 + u1_.col(j) * r1 + u2_.col(j) * r2;
    r0 += c0_.col(j) * rhs.col(j), r1 += c1_.col(j) * rhs.col(j), r2 += c2_.col(j) * rhs.col(j);
  }
  r0.setZero(), r1.setZero(), r2.setZero();
  for (Eigen::Index j = n - 1; j >= 0; --j) {
    rhs.col(j) = pivot_.col(j) * rhs.col(j) - c0_.col(j) * r0 - c1_.col(j) * r1 - c2_.col(j) * r2;
    r0 += u0_.col(j) * rhs.col(j), r1 += u1_.col(j) * rhs.col(j), r2 += u2_.col(j) * rhs.col(j);
  }
}

void proximal_minimum(const LowRankObjective& f, const Batch& centre, double V, const Batch& start,
                      ProximalMinimum& m, const ProximalOptions& options) {
  const Eigen::Index points = centre.rows(), n = centre.cols();
  const double shift = 1 / V, floor = 1e-3 * shift;
  Batch trial = start, step = Batch::Zero(points, n), gradient(points, n), next(points, n);
  Eigen::ArrayXd slope = Eigen::ArrayXd::Zero(points), fraction = Eigen::ArrayXd::Ones(points), h(points),
                 size(points), before = Eigen::ArrayXd::Zero(points), descent(points), accepted(points),
                 moved(points);
  m.x = start;
  m.value = Eigen::ArrayXd::Constant(points, INFINITY);
  m.converged = Eigen::ArrayXi::Zero(points);
  m.kinks.clear();
  const int most = options.at_points ? ProximalOptions::max_newton : options.max_iterations;
  // Points that are done stay where they are while the block goes on; the last pass evaluates all of them at
  // m.x, the best that was found.
  for (m.iterations = 1;; ++m.iterations) {
    f(trial, m.model);
    distances(points, n, trial.data(), centre.data(), shift, m.model.gradient.data(), gradient.data(),
              m.model.value.data(), h.data());
    m.factor.factorise(m.model, shift, floor);
    if (m.converged.all() || m.iterations >= most) break;
    const bool last = m.iterations + 1 == most;
    next = -gradient;
    m.factor.solve(next);
    sizes(points, n, trial.data(), gradient.data(), next.data(), size.data(), descent.data());
    for (Eigen::Index i = 0; i < points; ++i) {
      accepted[i] = m.converged[i], moved[i] = 0;
      if (m.converged[i]) continue;
      // Armijo, up to the rounding of h; the first pass takes the start as it is.
      const bool better = m.iterations == 1 || h[i] <= m.value[i] + 1e-4 * fraction[i] * slope[i] +
                                                           1e-14 * (1 + std::abs(m.value[i]));
      if (!better && fraction[i] > 1e-12) {
        fraction[i] /= 2;
        moved[i] = last ? 0 : fraction[i];
        continue;
      }
      // Newton's steps shrink quadratically: the next one would be size^3/before^2.
      const bool full = fraction[i] == 1, definite = m.factor.definite()[i];
      const bool closed =
          full && before[i] > size[i] && std::pow(size[i], 3) <= options.tolerance * before[i] * before[i];
      accepted[i] = 1;
      moved[i] = last ? 0 : 1;
      m.value[i] = h[i], slope[i] = descent[i], fraction[i] = 1, before[i] = size[i];
      if (definite && size[i] <= options.tolerance)
        m.converged[i] = 1, moved[i] = 0;
      else if (definite && closed && !last)
        m.converged[i] = 1;
    }
    move(points, n, accepted.data(), moved.data(), next.data(), step.data(), m.x.data(), trial.data());
  }
  m.value = h;
  m.x = trial;
  if (options.at_points) settle_at_kinks(f, centre, V, options, m);
}

void ProximalMinimum::solve(Batch& rhs) const {
  Batch force = rhs;
  factor.solve(rhs);
  for (const auto& [row, inverse] : kinks)
    rhs.row(row) = (inverse * force.row(row).matrix().transpose()).transpose();
}

}  // namespace quenched
