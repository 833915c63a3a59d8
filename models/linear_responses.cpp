#include "linear_responses.hpp"

#include <cmath>
#include <quenched/parallel.hpp>

#include "linear_proximal.hpp"
#include "root_chi_square.hpp"

namespace quenched {
namespace {

constexpr int replicate_count = 16;

/// With z = w + 2 V_v rho s, M = rho I - z s^T/D and H = d I + z z^T/D: G_kk = (H^-1/V_k - I)/V_k, G_kv =
/// H^-1 M/V_k, G_vv = M^T H^-1 M - s s^T/D.
Eigen::Array3d responses(double A, double C, double W, double rho, const OrderParameters& o, int L) {
  const double shrink = 1 - o.V_k * o.V_v * rho * rho, t = o.V_k * rho;  // s = (a + t w)/shrink
  const double S = (A + 2 * t * C + t * t * W) / (shrink * shrink), sw = (C + t * W) / shrink;
  const double D = 1 + o.V_v * S, d = 1 / o.V_k - o.V_v * rho * rho;
  const double zs = sw + 2 * o.V_v * rho * S, Z = W + 4 * o.V_v * rho * (sw + o.V_v * rho * S);
  const double along = d + Z / D;  // the eigenvalue of H at z; the other L - 1 are d
  const double e = 1 / (d * o.V_k) - 1, e_z = 1 / (along * o.V_k) - 1;
  // H^-1 = I/d + b z z^T and H^-2 = I/d^2 + b2 z z^T.
  const double b = -1 / (D * d * along), b2 = b * (1 / d + 1 / along),
               m2 = Z * (rho * rho - 2 * rho * zs / D + Z * S / (D * D));
  const double M2 = L * rho * rho - 2 * rho * zs / D + Z * S / (D * D);
  // G_vv = (rho^2/d) I + sum over (z, s) of B: its norm by the Gram matrix.
  Eigen::Matrix2d gram, B;
  gram << Z, zs, zs, S;
  const double cross = -rho / (d * D) - b * rho * Z / D;
  B << b * rho * rho, cross, cross, Z / (d * D * D) + b * Z * Z / (D * D) - 1 / D;
  const Eigen::Matrix2d BG = B * gram;
  const double c = rho * rho / d;
  return {((L - 1) * e * e + e_z * e_z) / (o.V_k * o.V_k), (M2 / (d * d) + b2 * m2) / (o.V_k * o.V_k),
          L * c * c + 2 * c * BG.trace() + (BG * BG).trace()};
}

}  // namespace

LinearResponses::LinearResponses(const Problem& problem, int tokens, int size, std::uint64_t seed,
                                 int threads)
    : problem_(problem),
      others_(tokens - 1),
      threads_(threads),
      points_(scrambled_sobol(8, size, replicate_count, seed, threads)) {
  constexpr int block = 64;
  const RootChiSquare a2(others_ - 1), w3(others_ - 2);
  parallel_for(static_cast<int>(points_.normals.rows()) / block, threads, [&](int part) {
    for (Eigen::Index i = block * static_cast<Eigen::Index>(part); i < block * (part + 1); ++i) {
      points_.normals(i, 6) = a2(points_.normals(i, 6));
      points_.normals(i, 7) = std::pow(w3(points_.normals(i, 7)), 2);
    }
  });
}

ChannelMeans LinearResponses::means(const OrderParameters& o) const {
  const double root_k = std::sqrt(o.q_k), root_v = std::sqrt(o.q_v), slope = o.q_v > 0 ? o.m_v / root_v : 0;
  const double spread = std::sqrt(1 - slope * slope + problem_.noise), root_others = std::sqrt(others_);
  const double centre = 1 + o.m_k * problem_.task->bayes_slope();
  const Batch each = replicate_means(
      points_, 3,
      [&](const Batch& x, Batch& f) {
        const auto column = [&](Eigen::Index k) { return Eigen::ArrayXd(x.col(k)); };
        const Eigen::ArrayXd a_eps = centre + root_k * column(1), w_eps = root_v * column(2);
        // The others, turned so that their mean (1, .., 1) is the first axis and the rest of a the second.
        const Eigen::ArrayXd a1 = root_others + root_k * column(3), a2 = root_k * column(6),
                             w1 = root_v * column(4), w2 = (others_ > 1 ? root_v : 0) * column(5);
        const LinearInvariants samples{a_eps.square() + a1.square() + a2.square(),
                                       a_eps * w_eps + a1 * w1 + a2 * w2,
                                       w_eps.square() + w1.square() + w2.square() + o.q_v * column(7),
                                       slope * column(2) + spread * column(0)};
        const auto& [A, C, W, y] = samples;
        const Eigen::ArrayXd rho = linear_residual(o.V_k, o.V_v, samples);
        for (Eigen::Index i = 0; i < x.rows(); ++i)
          f.row(i) = responses(A[i], C[i], W[i], rho[i], o, others_ + 1).transpose();
      },
      threads_);
  ChannelMeans m{Eigen::ArrayXd::Zero(all_means), Batch::Zero(replicate_count, all_means)};
  m.value.segment(G_kk, 3) = each.colwise().mean().transpose();
  m.deviation.middleCols(G_kk, 3) = replicate_deviations(each);
  return m;
}

}  // namespace quenched
