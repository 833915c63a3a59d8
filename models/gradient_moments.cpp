#include "gradient_moments.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

ArrayXd token_sum(const Batch& a, const Batch& b) { return (a * b).rowwise().sum(); }

}  // namespace

GradientMoments gradient_moments(const std::vector<PopulationFields>& points, const Activation& activation,
                                 const Overlaps& overlaps, double noise) {
  const ValueLaw law(overlaps);
  GradientMoments sum;
  ActivationJet jet;
  for (const PopulationFields& at : points) {
    const Batch chi = overlaps.m_k * at.chi_star + law.s * at.eta;
    activation.jet(chi, jet);
    const auto& [s, b, p, q, second] = jet;
    const Batch mu_star = law.star * at.eta, mu = law.m_vk * at.chi_star + law.slope * at.eta;  // of z*, z
    const ArrayXd ss = s.square().rowwise().sum(), bb = b.square().rowwise().sum(), pq = token_sum(p, q);
    const ArrayXd trace = b.rowwise().sum() - pq;
    const ArrayXd frobenius =
        bb - 2 * (b * p * q).rowwise().sum() + p.square().rowwise().sum() * q.square().rowwise().sum();
    const auto transposed = [&b = b, &p = p, &q = q](const Batch& x) -> Batch {
      return b * x - q.colwise() * token_sum(p, x);
    };

    const ArrayXd R = mu_star.col(0) - token_sum(s, mu);        // mean of r
    Batch g = -law.variance * s, g_star = -law.covariance * s;  // covariances of r with z, with z*
    g.col(0) += law.covariance;
    g_star.col(0) += law.star_variance;
    const ArrayXd rr =
        R.square() + noise + law.star_variance - 2 * law.covariance * s.col(0) + law.variance * ss;
    const Batch U = transposed(mu), G = transposed(g);  // mean of u, its covariance with r
    const ArrayXd uu = U.square().rowwise().sum() + law.variance * frobenius;

    const auto mean = [&w = at.weight](const ArrayXd& f) { return (w * f).sum(); };
    sum.u_chi_star += mean(R * token_sum(U, at.chi_star) + token_sum(G, at.chi_star));
    sum.u_chi += mean(R * token_sum(U, chi) + token_sum(G, chi));
    sum.u_z_star += mean(R * token_sum(U, mu_star) + R * law.covariance * trace + token_sum(U, g_star) +
                         token_sum(mu_star, G));
    sum.u_z += mean(R * token_sum(U, mu) + R * law.variance * trace + token_sum(U, g) + token_sum(mu, G));
    sum.s_chi_star += mean(R * token_sum(s, at.chi_star));
    sum.s_chi += mean(R * token_sum(s, chi));
    sum.s_z_star += mean(R * token_sum(s, mu_star) + token_sum(s, g_star));
    sum.s_z += mean(R * token_sum(s, mu) + token_sum(s, g));
    sum.uu += mean(rr * uu + 4 * R * token_sum(U, G) + 2 * G.square().rowwise().sum());
    sum.us += mean(rr * token_sum(U, s) + 2 * R * token_sum(G, s));
    sum.ss += mean(rr * ss);
    sum.u_square += mean(uu);
    sum.s_square += mean(ss);
  }
  return sum;
}

}  // namespace quenched
