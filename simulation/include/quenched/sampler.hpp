#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <quenched/task.hpp>
#include <vector>

namespace quenched {

/// The hidden k*, v*: drawn N(0, I_D), then rescaled to |k*|^2 = |v*|^2 = D.
struct Directions {
  Eigen::VectorXf k_star, v_star;
};
[[nodiscard]] Directions draw_directions(int dimension, std::uint64_t key);

/// Consecutive samples of one length: token l of sample i is column first_token + i * length + l.
struct SampleGroup {
  Eigen::Index first_sample, samples, first_token;
  int length;
};

/// (X_i, y_i) for i < N. Tokens are columns, padded by zeros to whole cache lines.
struct Samples {
  int dimension = 0;        // D
  Eigen::MatrixXf tokens;   // stride x sum_i L_i
  Eigen::ArrayXd y;         // labels
  Eigen::ArrayXi location;  // eps, in 0..L_i - 1
  std::vector<SampleGroup>
      groups;  // at most `block` samples each, in order of first_sample and of first_token

  [[nodiscard]] Eigen::Index size() const { return y.size(); }
  static constexpr int block = 64;  // samples that share one random stream, sorted by length
};

/// D rounded up to whole cache lines of floats: the leading dimension of `tokens`.
[[nodiscard]] Eigen::Index token_stride(int dimension);

/// Bytes that draw_samples takes, beyond which it goes with probability below 1e-6 when lengths are random.
[[nodiscard]] std::size_t sample_bytes(const LengthLaw& lengths, int dimension, Eigen::Index count);

/// N samples of docs/equations.md, section 1, at finite D: x_l ~ N(0, I_D), the task plants eps,
///     y = z*_eps + sqrt(Delta) xi,   z*_l = x_l.v*/sqrt(D).
/// Block b of samples has its own streams, keyed by (key, b): same bytes for any thread count.
/// Cost: about 1.5 ns a number.
[[nodiscard]] Samples draw_samples(const Problem& problem, const Directions& directions, Eigen::Index count,
                                   std::uint64_t key, int threads = 0);

}  // namespace quenched
