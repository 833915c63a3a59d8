#pragma once
#include <cstdint>
#include <quenched/activation.hpp>
#include <quenched/batch.hpp>
#include <quenched/overlaps.hpp>
#include <quenched/task.hpp>
#include <vector>

namespace quenched {

/// Teacher fields chi* of samples whose location is token 0, tilted by the task, and independent standard
/// normals eta: chi = m_k chi* + s eta, s^2 = q_k - m_k^2, for any k. Points x tokens.
struct PopulationFields {
  Batch chi_star, eta;
  Eigen::ArrayXd weight;
};

/// The largest number of points a replicate, a power of two, that is at most `wanted` and keeps the fields
/// within 2^24 numbers. Throws InvalidInput (key `length`) for prompts too long for Sobol points, above 1833
/// tokens.
[[nodiscard]] int most_points(const Problem& problem, int replicates, int wanted = 1 << 14);

/// By replicate, the blocks of its points, of all lengths: the weights of a replicate sum to 1. Scrambled
/// Sobol points in 2 L dimensions, `size` a replicate and length. Throws InvalidInput as scrambled_sobol.
[[nodiscard]] std::vector<std::vector<PopulationFields>> population_fields(const Problem& problem, int size,
                                                                           int replicates, std::uint64_t seed,
                                                                           int threads);

/// Tilts independent standard normals to the law of chi* given that the location is token 0, and returns
/// weights, of mean 1: the spiked token's mean; L softmax(nu chi*)_0; at nu = infinity the largest is moved
/// to token 0.
[[nodiscard]] Eigen::ArrayXd tilt(const Task& task, Batch& chi_star);

/// The law of a token's (z*, z) given its (chi*, eta) (docs/equations.md, 3.3): independent over tokens,
/// Gaussian,
///     means star eta and m_vk chi* + slope eta,  variances star_variance and variance,  covariance
///     `covariance`.
struct ValueLaw {
  double s, star, slope, m_vk, star_variance, covariance, variance;
  /// Overlaps that are impossible by rounding or by a rule's error are moved to the nearest possible ones.
  explicit ValueLaw(const Overlaps& overlaps);
};

/// E (y - f)^2 over the points of a replicate, Delta included: z* and z in closed form given (chi*, eta).
[[nodiscard]] double mean_risk(const std::vector<PopulationFields>& points, const Activation& activation,
                               const Overlaps& overlaps, double noise);

}  // namespace quenched
