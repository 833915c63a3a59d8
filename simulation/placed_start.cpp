#include "placed_start.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <quenched/normal_stream.hpp>

namespace quenched {

PlacedStart placed_start(const Overlaps& o, int D, std::uint64_t key) {
  Eigen::MatrixXf normals(D, 4);
  NormalStream(key).fill(normals.data(), normals.size());
  const Eigen::MatrixXd frame =
      std::sqrt(static_cast<double>(D)) *
      (Eigen::HouseholderQR<Eigen::MatrixXd>(normals.cast<double>()).householderQ() *
       Eigen::MatrixXd::Identity(D, 4));
  const double c_k = std::sqrt(std::max(0.0, o.q_k - o.m_k * o.m_k - o.m_kv * o.m_kv));
  const double shared = c_k > 0 ? (o.q_kv - o.m_k * o.m_vk - o.m_kv * o.m_v) / c_k : 0;
  const double own = std::sqrt(std::max(0.0, o.q_v - o.m_vk * o.m_vk - o.m_v * o.m_v - shared * shared));
  return {{frame.col(0).cast<float>(), frame.col(1).cast<float>()},
          o.m_k * frame.col(0) + o.m_kv * frame.col(1) + c_k * frame.col(2),
          o.m_vk * frame.col(0) + o.m_v * frame.col(1) + shared * frame.col(2) + own * frame.col(3)};
}

}  // namespace quenched
