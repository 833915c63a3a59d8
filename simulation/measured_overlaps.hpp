#pragma once
#include <quenched/objective.hpp>
#include <quenched/overlaps.hpp>
#include <quenched/sampler.hpp>

namespace quenched {

/// The overlaps of (k, v) with the directions and with each other, as they are at this D.
[[nodiscard]] Overlaps measured_overlaps(const Directions& directions, const Eigen::VectorXd& k,
                                         const Eigen::VectorXd& v);

/// The four vectors in the first four axes of R^D, as vectors of R^4 with |k*|^2 = |v*|^2 = 4: fields
/// x.k/sqrt(D) of tokens whose law is invariant under rotations have the law of x'.k'/sqrt(4).
struct Projected {
  Directions directions;
  Eigen::VectorXd k, v;
};
[[nodiscard]] Projected projected(const Directions& directions, const Eigen::VectorXd& k,
                                  const Eigen::VectorXd& v);

/// E(y - f(X))^2 over `count` new samples in four dimensions: the rotation that puts (k*, v*, k, v) in R^4
/// leaves the law of Gaussian tokens and of the task as it is. Cost: O(L) a sample whatever D.
[[nodiscard]] MeanAndError test_error(const Problem& problem, const Directions& directions,
                                      const Activation& activation, const Eigen::VectorXd& k,
                                      const Eigen::VectorXd& v, Eigen::Index count, std::uint64_t key,
                                      int threads);

}  // namespace quenched
