#include "symmetry.hpp"

#include <gsl/gsl_eigen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include "sampled_points.hpp"

namespace quenched {
namespace {

/// The Hessian of Psi = E e (e the minimum of the sample's loss) in (m_kv, m_vk, q_kv, V_kv): its upper
/// triangle by rows.
enum Entry : int { kv_kv, kv_vk, kv_q, kv_V, vk_vk, vk_q, vk_V, q_q, q_V, V_V, entries };

Eigen::Matrix4d symmetric(const Eigen::ArrayXd& upper) {
  Eigen::Matrix4d H;
  for (int i = 0, at = 0; i < 4; ++i)
    for (int j = i; j < 4; ++j) H(i, j) = H(j, i) = upper[at++];
  return H;
}

/// The derivative of t along u, by central differences of the task's posterior.
Batch teacher_response(const Task& task, const OrderParameters& o, const Batch& omega, const Batch& u) {
  const Eigen::Index L = omega.cols();
  if (task.independent_tokens() || o.q_k == 0) return Batch::Zero(omega.rows(), L);  // t is constant
  constexpr double h = 1e-4;
  const Batch a = o.m_k / o.q_k * omega;
  const double V = std::max(0.0, 1 - o.m_k * o.m_k / o.q_k);
  Batch log_S, up, down;
  task.posterior(a + h * u, V, log_S, up);
  task.posterior(a - h * u, V, log_S, down);
  return (up.leftCols(L) - down.leftCols(L)) / (2 * h);
}

/// p^T G p with p = (g_v, g_k): (a^T H^-1 a - |g_v|^2/V_k - (s.g_k)^2/D), a = g_v/V_k + M g_k, M of (5.5).
Eigen::ArrayXd response(const OrderParameters& o, const SampledBlock& sample) {
  const AttentionLoss& loss = sample.proximal.loss;
  const auto& [s, b, p, q, c] = loss.jet;
  const auto dot = [](const Batch& x, const Batch& y) -> Eigen::ArrayXd { return (x * y).rowwise().sum(); };
  const Eigen::ArrayXd s_g = dot(s, sample.g_k), p_g = dot(p, sample.g_k);
  const Batch a = sample.g_v / o.V_k + (b * sample.g_k - q.colwise() * p_g).colwise() * loss.rho -
                  sample.proximal.best.model.z.colwise() * (s_g / loss.D).eval();
  Batch Ha = a;
  sample.proximal.best.solve(Ha);
  return dot(a, Ha) - sample.g_v.square().rowwise().sum() / o.V_k - s_g.square() / loss.D;
}

Batch contributions(const Task& task, const OrderParameters& o, const SampledBlock& sample) {
  const auto dot = [](const Batch& x, const Batch& y) -> Eigen::ArrayXd { return (x * y).rowwise().sum(); };
  const Batch &g_k = sample.g_k, &g_v = sample.g_v, &t = sample.law.t;
  const Eigen::ArrayXd& t_v = sample.t_v;
  const double tiny = std::numeric_limits<double>::min(), q_k = std::max(o.q_k, tiny),
               q_v = std::max(o.q_v, tiny);
  const double slope_v = o.m_v / (q_v * sample.spread);  // -d t_v/d w_0
  const Batch score_k = (sample.law.omega - o.m_k * t) / q_k;
  Batch score_v = sample.w / q_v;
  score_v.col(0) -= o.m_v / q_v * t_v;
  const double bend = o.m_v / q_v * slope_v;  // d score_v/dw = 1/q_v, and this for token 0

  const Eigen::ArrayXd S = dot(g_k, g_v), t_score = dot(t, score_v), scores = dot(score_k, score_v),
                       g_score = dot(g_k, score_v);
  const Eigen::ArrayXd g0 = g_k.col(0), k0 = score_k.col(0), t0 = t.col(0);
  Batch f(t_v.size(), entries);
  f.col(kv_kv) = -(t_v.square() - 1 / sample.spread) * g0 * k0;
  f.col(kv_vk) = -g0 * (t_v * t_score + slope_v * t0);
  f.col(kv_q) = -k0 * (t_v * g_score + slope_v * g0);
  f.col(kv_V) = -t_v * k0 * S;
  f.col(vk_vk) = -dot(t, g_v) * t_score - dot(g_v, teacher_response(task, o, sample.law.omega, score_v));
  f.col(vk_q) = -t_score * g_score + dot(t, g_k) / q_v + bend * t0 * g0;
  f.col(vk_V) = -t_score * S;
  f.col(q_q) = -scores * g_score + dot(score_k, g_k) / q_v + bend * k0 * g0;
  f.col(q_V) = -scores * S;
  f.col(V_V) = -response(o, sample);
  return f;
}

/// (5.9), (5.10): the update of the four from -alpha d Psi/d(m_kv, m_vk), alpha d Psi/dq_kv and -alpha d
/// Psi/dV_kv.
Eigen::Matrix4d jacobian(double alpha, const OrderParameters& o, const Eigen::Matrix4d& H) {
  const Eigen::RowVector4d mhat_kv = -alpha * H.row(0), mhat_vk = -alpha * H.row(1),
                           Vhat_kv = alpha * H.row(2), qhat_kv = -alpha * H.row(3);
  const double mhat_k = o.m_k / o.V_k, mhat_v = o.m_v / o.V_v;
  const Eigen::RowVector4d V_kv = -o.V_k * o.V_v * Vhat_kv;
  Eigen::Matrix4d J;
  J.row(0) = o.V_k * mhat_kv + mhat_v * V_kv;
  J.row(1) = o.V_v * mhat_vk + mhat_k * V_kv;
  J.row(2) = (o.q_k / o.V_k + o.q_v / o.V_v) * V_kv +
             o.V_k * o.V_v * (mhat_v * mhat_kv + mhat_k * mhat_vk + qhat_kv);
  J.row(3) = V_kv;
  return J;
}

double largest_real_part(Eigen::Matrix4d J) {
  std::array<double, 8> eigenvalues;                               // real and imaginary parts
  gsl_matrix_view matrix = gsl_matrix_view_array(J.data(), 4, 4);  // transposed, which changes none of them
  gsl_vector_complex_view found = gsl_vector_complex_view_array(eigenvalues.data(), 4);
  const std::unique_ptr<gsl_eigen_nonsymm_workspace, void (*)(gsl_eigen_nonsymm_workspace*)> workspace(
      gsl_eigen_nonsymm_alloc(4), gsl_eigen_nonsymm_free);
  if (!J.allFinite() || gsl_eigen_nonsymm(&matrix.matrix, &found.vector, workspace.get()) != GSL_SUCCESS)
    return std::numeric_limits<double>::quiet_NaN();
  return std::max({eigenvalues[0], eigenvalues[2], eigenvalues[4], eigenvalues[6]});
}

}  // namespace

SymmetryJacobian symmetry_jacobian(const Problem& problem, const Activation& activation, double alpha,
                                   const OrderParameters& o, int size, std::uint64_t seed, int threads,
                                   const std::shared_ptr<WorkLimit>& work) {
  Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(entries);
  std::vector<Eigen::ArrayXd> deviations;
  for (const auto& [tokens, weight] : problem.lengths) {
    SampledPoints points(problem, activation, tokens, size, seed, threads, work);
    const ChannelMeans m = points.means(o, entries, true, [&](const SampledBlock& sample) {
      return contributions(*problem.task, o, sample);
    });
    mean += weight * m.value;
    for (Eigen::Index r = 0; r < m.deviation.rows(); ++r)
      deviations.push_back(weight * m.deviation.row(r).transpose());
  }
  SymmetryJacobian J{jacobian(alpha, o, symmetric(mean)), {}};
  for (const Eigen::ArrayXd& d : deviations) J.deviations.push_back(jacobian(alpha, o, symmetric(d)));
  return J;
}

SymmetryEigenvalue symmetry_eigenvalue(const Problem& problem, const Activation& activation, double alpha,
                                       const OrderParameters& o, std::uint64_t seed, int threads,
                                       const std::shared_ptr<WorkLimit>& work) {
  const auto longest = std::ranges::max_element(problem.lengths, {}, &Length::tokens);
  if (longest->tokens > 200) return {};
  SymmetryEigenvalue eigenvalue;
  for (int size = longest->tokens <= 16 ? 256 : 64, finest = 16 * size; size <= finest; size *= 4) {
    SymmetryJacobian J;
    try {
      J = symmetry_jacobian(problem, activation, alpha, o, size, seed, threads, work);
    } catch (const OutOfWork&) {
      break;
    }
    if (!J.value.allFinite()) return {};
    eigenvalue = {largest_real_part(J.value), 0};
    for (const Eigen::Matrix4d& d : J.deviations)
      eigenvalue.error = std::hypot(eigenvalue.error, largest_real_part(J.value + d) - eigenvalue.value);
    if (std::abs(eigenvalue.value - 1) > 2 * eigenvalue.error) break;
  }
  return eigenvalue;
}

}  // namespace quenched
