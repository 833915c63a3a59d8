#pragma once
#include <Eigen/Core>
#include <vector>

#include "channel.hpp"

namespace quenched {

/// The whole replica-symmetric map, with 2 x 2 overlaps of (k, v), linearised in (m_kv, m_vk, q_kv, V_kv) at
/// a fixed point where these four vanish (docs/equations.md, equations 5.7 to 5.10).
struct SymmetryJacobian {
  Eigen::Matrix4d value;
  std::vector<Eigen::Matrix4d>
      deviations;  // independent contributions to the error: error^2 = sum of their squares
};
/// By scrambled Sobol points, whatever rule found the fixed point `o`: `size` of them, 16 times, for each
/// prompt length.
[[nodiscard]] SymmetryJacobian symmetry_jacobian(const Problem& problem, const Activation& activation,
                                                 double alpha, const OrderParameters& o, int size,
                                                 std::uint64_t seed, int threads,
                                                 const std::shared_ptr<WorkLimit>& work = nullptr);

struct SymmetryEigenvalue {
  double value = unknown, error = unknown;
};
/// The largest real part of an eigenvalue of the Jacobian: above 1 the cross overlaps grow however the map is
/// damped. A few thousand points, which leave an error of some hundredths; four and sixteen times as many
/// where that does not tell it from
/// 1. Unknown beyond 200 tokens, for its cost, and where `work` is spent before the first of them is through.
[[nodiscard]] SymmetryEigenvalue symmetry_eigenvalue(const Problem& problem, const Activation& activation,
                                                     double alpha, const OrderParameters& o,
                                                     std::uint64_t seed, int threads,
                                                     const std::shared_ptr<WorkLimit>& work = nullptr);

}  // namespace quenched
