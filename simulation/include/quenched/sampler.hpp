#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <quenched/task.hpp>
#include <string>
#include <vector>

namespace quenched {

/// The hidden k*, v*: drawn N(0, I_D), then rescaled to |k*|^2 = |v*|^2 = D.
struct Directions {
  Eigen::VectorXf k_star, v_star;
};
[[nodiscard]] Directions draw_directions(int dimension, std::uint64_t key);

/// The law of a token's entries before the task plants anything: independent, mean 0, variance 1. The
/// equations are those of `gaussian`; the others show how far they carry.
struct TokenLaw {
  enum class Kind { gaussian, rademacher, uniform, student_t };
  Kind kind = Kind::gaussian;
  int degrees = 0;  // of freedom, of student_t
};
/// gaussian, rademacher (+-1), uniform, student-t:5 (degrees 3 to 100). Throws InvalidInput (key `tokens`).
[[nodiscard]] TokenLaw token_law(const std::string& text);

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

/// N samples of docs/equations.md, section 1, at finite D: x_l ~ N(0, I_D) or `tokens`, the task plants eps,
///     y = z*_eps + sqrt(Delta) xi,   z*_l = x_l.v*/sqrt(D).
/// Block b of samples has its own streams, keyed by (key, b): same bytes for any thread count.
/// Cost: about 1.5 ns a number (student-t: times 1 + degrees).
[[nodiscard]] Samples draw_samples(const Problem& problem, const Directions& directions, Eigen::Index count,
                                   std::uint64_t key, int threads = 0, const TokenLaw& tokens = {});

}  // namespace quenched
