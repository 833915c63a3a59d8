#pragma once
#include <Eigen/Core>
#include <cstddef>
#include <quenched/activation.hpp>
#include <quenched/sampler.hpp>

namespace quenched {

/// Training objective at finite D (docs/equations.md, sections 2 and 5), a function of theta = (k, v) in
/// R^2D:
///     sum_i (y_i - f(X_i))^2/2 + (r_k/2)|k|^2 + (r_v/2)|v|^2,   f = sum_l sigma(chi)_l z_l,
///     chi = X k/sqrt(D), z = X v/sqrt(D).
/// Data in float32, every sum in double; the same bytes for any thread count. Keeps references: `samples` and
/// `activation` must outlive it.
class Objective {
 public:
  /// Throws InvalidInput unless the ridges are finite and >= 0.
  Objective(const Samples& samples, const Activation& activation, double ridge_k, double ridge_v,
            int threads = 0);

  /// The value; `gradient` is resized to 2D. Tokens are read from memory once: fields and gradient are
  /// computed while they are in cache. Cost: 8 sum_i L_i D floating-point operations. Not finite when sigma
  /// overflows. `curvature`, if any, receives the mean Gauss-Newton curvatures of k and v, up to the samples'
  /// correlations: sum_i |u_i|^2/D + r_k with u = (d sigma/d chi)^T z, and sum_i |sigma_i|^2/D + r_v.
  double operator()(const Eigen::VectorXd& theta, Eigen::VectorXd& gradient,
                    Eigen::Array2d* curvature = nullptr) const;

  /// The terms of samples [b, b + 1) `Samples::block`, with their share of the penalty: the objective is the
  /// sum over b < batches(), its gradient too. On the calling thread.
  double batch(const Eigen::VectorXd& theta, Eigen::Index b, Eigen::VectorXd& gradient) const;
  [[nodiscard]] Eigen::Index batches() const {
    return (samples_->size() + Samples::block - 1) / Samples::block;
  }

  /// Mean of (y - f)^2 over the samples, given the objective's value at theta.
  [[nodiscard]] double train_error(double value, const Eigen::VectorXd& theta) const;

  [[nodiscard]] int dimension() const { return samples_->dimension; }
  [[nodiscard]] const Samples& samples() const { return *samples_; }
  [[nodiscard]] const Activation& activation() const { return *activation_; }
  [[nodiscard]] double ridge_k() const { return ridge_k_; }
  [[nodiscard]] double ridge_v() const { return ridge_v_; }
  /// Bytes that an evaluation takes beside the samples.
  [[nodiscard]] static std::size_t workspace_bytes(int dimension);

 private:
  const Samples* samples_;
  const Activation* activation_;
  double ridge_k_, ridge_v_;
  int threads_;
};

struct MeanAndError {
  double mean, error;  // error: one standard deviation of the mean
};

/// E(y - f(X))^2 over `count` new samples, drawn from `key` and forgotten: at most 16 MiB, or one sample, a
/// thread at a time. Same bytes for any thread count. Cost: as draw_samples.
[[nodiscard]] MeanAndError squared_error(const Problem& problem, const Directions& directions,
                                         const Activation& activation, const Eigen::VectorXd& k,
                                         const Eigen::VectorXd& v, Eigen::Index count, std::uint64_t key,
                                         int threads = 0, const TokenLaw& tokens = {});

}  // namespace quenched
