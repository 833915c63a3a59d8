#include "sampled_tokens.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>

SampledTokens sampled_tokens(const quenched::Problem& problem, int L, const quenched::Overlaps& o,
                             int samples, quenched::Rng& rng) {
  Eigen::Matrix4d gram;
  gram << 1, 0, o.m_k, o.m_vk, 0, 1, o.m_kv, o.m_v, o.m_k, o.m_kv, o.q_k, o.q_kv, o.m_vk, o.m_v, o.q_kv,
      o.q_v;
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix4d> solver(gram);
  const Eigen::Matrix4d root =  // of a matrix that may be singular
      solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
  std::normal_distribution<double> normal;
  SampledTokens t{quenched::Batch(samples, L), quenched::Batch(samples, L), quenched::Batch(samples, L),
                  quenched::Batch(samples, L), Eigen::ArrayXd(samples)};
  const double nu = problem.task->signal();
  for (int i = 0; i < samples; ++i) {
    Eigen::MatrixXd fields(4, L);
    for (double& x : fields.reshaped()) x = normal(rng);
    fields = (root * fields).eval();
    if (problem.task->name() == "spiked") {
      fields.col(0) += std::sqrt(nu) * gram.col(0);
    } else {
      int eps = 0;
      const Eigen::ArrayXd chi_star = fields.row(0).transpose();
      if (std::isinf(nu)) {
        chi_star.maxCoeff(&eps);
      } else {
        const Eigen::ArrayXd p = (nu * (chi_star - chi_star.maxCoeff())).exp();
        eps = std::discrete_distribution<int>(p.data(), p.data() + L)(rng);
      }
      fields.col(0).swap(fields.col(eps));
    }
    t.chi_star.row(i) = fields.row(0), t.z_star.row(i) = fields.row(1);
    t.chi.row(i) = fields.row(2), t.z.row(i) = fields.row(3);
    t.y[i] = fields(1, 0) + std::sqrt(problem.noise) * normal(rng);
  }
  return t;
}
