#include "measured_overlaps.hpp"

#include <Eigen/QR>
#include <cmath>

namespace quenched {

Projected projected(const Directions& directions, const Eigen::VectorXd& k, const Eigen::VectorXd& v) {
  if (k.size() <= 4) return {directions, k, v};
  Eigen::MatrixXd vectors(k.size(), 4);
  vectors << directions.k_star.cast<double>(), directions.v_star.cast<double>(), k, v;
  const Eigen::MatrixXd R = Eigen::HouseholderQR<Eigen::MatrixXd>(vectors).matrixQR().topRows(4);
  const Eigen::MatrixXd four =
      Eigen::MatrixXd(R.triangularView<Eigen::Upper>()) * std::sqrt(4.0 / static_cast<double>(k.size()));
  return {{four.col(0).cast<float>(), four.col(1).cast<float>()}, four.col(2), four.col(3)};
}

Overlaps measured_overlaps(const Directions& directions, const Eigen::VectorXd& k, const Eigen::VectorXd& v) {
  const Eigen::VectorXd k_star = directions.k_star.cast<double>(), v_star = directions.v_star.cast<double>();
  const auto D = static_cast<double>(k.size());
  return {.m_k = k.dot(k_star) / D,
          .q_k = k.squaredNorm() / D,
          .m_v = v.dot(v_star) / D,
          .q_v = v.squaredNorm() / D,
          .m_kv = k.dot(v_star) / D,
          .m_vk = v.dot(k_star) / D,
          .q_kv = k.dot(v) / D};
}

MeanAndError test_error(const Problem& problem, const Directions& directions, const Activation& activation,
                        const Eigen::VectorXd& k, const Eigen::VectorXd& v, Eigen::Index count,
                        std::uint64_t key, int threads) {
  const Projected four = projected(directions, k, v);
  return squared_error(problem, four.directions, activation, four.k, four.v, count, key, threads);
}

}  // namespace quenched
