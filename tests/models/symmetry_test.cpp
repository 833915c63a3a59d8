#include "symmetry.hpp"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <quenched/erm.hpp>
#include <quenched/point_set.hpp>

using namespace quenched;
using Eigen::Matrix2d, Eigen::Vector2d, Eigen::Vector4d, Eigen::Matrix4d;

namespace {

/// The global proximal point of (y - sigma(chi).z)^2/2, softmax of two tokens, in a full 2 x 2 metric V:
/// Newton in the four fields (chi_0, chi_1, z_0, z_1) from every integer chi_0 - chi_1 (z = w), damped.
Vector4d proximal_point(double y, const Vector4d& omega, const Matrix2d& V) {
  Matrix4d metric = Matrix4d::Zero();
  const Matrix2d inverse = V.inverse();
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 2; ++b) metric.block<2, 2>(2 * a, 2 * b) = inverse(a, b) * Matrix2d::Identity();
  const auto f = [](const Vector4d& h) {
    const double p = 1 / (1 + std::exp(h[1] - h[0]));
    return p * h[2] + (1 - p) * h[3];
  };
  const auto value = [&](const Vector4d& h) {
    return std::pow(y - f(h), 2) / 2 + (h - omega).dot(metric * (h - omega)) / 2;
  };
  Vector4d best = omega;
  for (int start = -8; start <= 8; start += 2) {
    Vector4d h = omega;
    const double mean = (omega[0] + omega[1]) / 2;
    h[0] = mean + start / 2.0, h[1] = mean - start / 2.0;
    for (int step = 0; step < 100; ++step) {
      const double p = 1 / (1 + std::exp(h[1] - h[0])), p1 = p * (1 - p), p2 = p1 * (1 - 2 * p),
                   gap = h[2] - h[3];
      const double rho = y - f(h);
      const Vector4d slope(p1 * gap, -p1 * gap, p, 1 - p);
      Matrix4d bend = Matrix4d::Zero();
      bend.topLeftCorner<2, 2>() << p2 * gap, -p2 * gap, -p2 * gap, p2 * gap;
      bend.topRightCorner<2, 2>() << p1, -p1, -p1, p1;
      bend.bottomLeftCorner<2, 2>() = bend.topRightCorner<2, 2>().transpose();
      const Vector4d gradient = -rho * slope + metric * (h - omega);
      Matrix4d hessian = slope * slope.transpose() - rho * bend + metric;
      if (hessian.llt().info() != Eigen::Success) hessian = slope * slope.transpose() + metric;
      const Vector4d move = hessian.llt().solve(gradient);
      double length = 1;
      while (length > 1e-4 && value(h - length * move) > value(h) + 1e-14) length /= 2;
      h -= length * move;
      if (move.norm() < 1e-11) break;
    }
    if (value(h) < value(best)) best = h;
  }
  return best;
}

struct Full {
  Matrix2d M, Q, V;  // rows: k, v; columns of M: k*, v*
};

/// The whole map for (k, v) with full 2 x 2 overlaps, from the definitions alone: teacher fields are drawn,
/// not averaged out. One result a replicate, all on the same random numbers.
std::vector<Full> full_map(double nu, bool spiked, double Delta, double alpha, double r, const Full& at,
                           const PointSet& points) {
  const Matrix2d C = at.Q - at.M * at.M.transpose(), root = C.llt().matrixL();
  const Matrix2d inverse_Q = at.Q.inverse(), inverse_root = root.inverse();
  const Matrix2d given = (Matrix2d::Identity() - at.M.transpose() * inverse_Q * at.M).inverse();
  std::vector<Full> out;
  for (int replicate = 0; replicate < points.replicates; ++replicate) {
    Matrix2d Mhat = Matrix2d::Zero(), Qhat = Mhat, Vhat = Mhat;
    for (int i = 0; i < points.size; ++i) {
      const auto n = points.normals.row(static_cast<Eigen::Index>(replicate) * points.size + i);
      Vector2d teacher[2], omega[2], xi[2];  // by token
      for (int l = 0; l < 2; ++l) {
        teacher[l] = Vector2d(n[4 * l], n[4 * l + 1]), xi[l] = Vector2d(n[4 * l + 2], n[4 * l + 3]);
        if (l == 0 && spiked) teacher[l][0] += std::sqrt(nu);
        omega[l] = at.M * teacher[l] + root * xi[l];
      }
      const double weight = spiked ? 1 : 2 / (1 + std::exp(nu * (teacher[1][0] - teacher[0][0])));
      const double y = teacher[0][1] + std::sqrt(Delta) * n[8];
      const Vector4d h = proximal_point(y, {omega[0][0], omega[1][0], omega[0][1], omega[1][1]}, at.V);
      for (int l = 0; l < 2; ++l) {
        const Vector2d g = at.V.inverse() * (Vector2d(h[l], h[2 + l]) - omega[l]);
        Mhat += weight * g * (given * (teacher[l] - at.M.transpose() * inverse_Q * omega[l])).transpose();
        Qhat += weight * g * g.transpose();
        Vhat -= weight * g * (inverse_root.transpose() * xi[l]).transpose();
      }
    }
    Mhat *= alpha / points.size, Qhat *= alpha / points.size, Vhat *= alpha / points.size;
    Vhat = (Vhat + Vhat.transpose()).eval() / 2;
    const Matrix2d V = (r * Matrix2d::Identity() + Vhat).inverse();
    out.push_back({V * Mhat, V * (Mhat * Mhat.transpose() + Qhat) * V, V});
  }
  return out;
}

/// The Jacobian in (m_kv, m_vk, q_kv, V_kv) at o, by central differences.
std::vector<Matrix4d> differences(double nu, bool spiked, double Delta, double alpha, double r,
                                  const OrderParameters& o, const PointSet& points) {
  std::vector<Matrix4d> J(static_cast<std::size_t>(points.replicates));
  constexpr double h = 1e-3;
  for (int j = 0; j < 4; ++j) {
    const auto moved = [&](double by) {
      Full at{Vector2d(o.m_k, o.m_v).asDiagonal(), Vector2d(o.q_k, o.q_v).asDiagonal(),
              Vector2d(o.V_k, o.V_v).asDiagonal()};
      if (j == 0) at.M(0, 1) = by;
      if (j == 1) at.M(1, 0) = by;
      if (j == 2) at.Q(0, 1) = at.Q(1, 0) = by;
      if (j == 3) at.V(0, 1) = at.V(1, 0) = by;
      return full_map(nu, spiked, Delta, alpha, r, at, points);
    };
    const std::vector<Full> up = moved(h), down = moved(-h);
    for (std::size_t i = 0; i < J.size(); ++i)
      J[i].col(j) << up[i].M(0, 1) - down[i].M(0, 1), up[i].M(1, 0) - down[i].M(1, 0),
          up[i].Q(0, 1) - down[i].Q(0, 1), up[i].V(0, 1) - down[i].V(0, 1);
    for (Matrix4d& one : J) one.col(j) /= 2 * h;
  }
  return J;
}

}  // namespace

TEST_CASE("the sector of the cross overlaps: finite differences of the whole map with 2 x 2 overlaps") {
  const PointSet points = scrambled_sobol(9, 1024, 16, 7);
  const auto softmax = make_activation("softmax");
  const double alpha = 4, r = 0.5;
  for (const bool spiked : {true, false}) {
    CAPTURE(spiked);
    const double Delta = spiked ? 0 : 0.1;
    const Problem problem{make_task(spiked ? "spiked" : "max", 2), {{2, 1.0}}, Delta};
    const OrderParameters o = erm(problem, *softmax, alpha, r, r).overlaps;
    const SymmetryJacobian J = symmetry_jacobian(problem, *softmax, alpha, o, 4096, 1, 0);
    const std::vector<Matrix4d> brute = differences(2, spiked, Delta, alpha, r, o, points);
    Matrix4d mean = Matrix4d::Zero(), squares = mean;
    for (const Matrix4d& one : brute) mean += one / double(brute.size());
    for (const Matrix4d& one : brute)
      squares += (one - mean).cwiseAbs2() / double(brute.size() * (brute.size() - 1));
    for (const Matrix4d& one : J.deviations) squares += one.cwiseAbs2();
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) {
        CAPTURE(4 * i + j);
        CHECK(std::abs(J.value(i, j) - mean(i, j)) < 4 * std::sqrt(squares(i, j)));
      }
  }
}

TEST_CASE("one token: ridge regression on tokens whose mean is sqrt(nu/D) k*") {
  // v <- V_v (X^T rho + ...): m_vk alone moves itself, by -alpha nu V_v/(1 + V_v), and k is 0.
  const double nu = 2, alpha = 2;
  const Problem problem{make_task("spiked", nu), {{1, 1.0}}, 0.1};
  const auto softmax = make_activation("softmax");
  const ErmResult result = erm(problem, *softmax, alpha, 0.5, 0.5);
  const double V_v = result.overlaps.V_v;
  const SymmetryJacobian J = symmetry_jacobian(problem, *softmax, alpha, result.overlaps, 1024, 1, 0);
  CHECK(J.value(1, 1) == doctest::Approx(-alpha * nu * V_v / (1 + V_v)).epsilon(0.01));
  CHECK(J.value.col(0).norm() < 1e-12);
  CHECK(std::abs(result.certificate.symmetry_eigenvalue) < 1e-6);
}
