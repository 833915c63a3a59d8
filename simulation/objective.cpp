#include <algorithm>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/objective.hpp>
#include <quenched/parallel.hpp>

#include "passes.hpp"
#include "token_products.hpp"

namespace quenched {
namespace {

using Index = Eigen::Index;
using ByToken = Eigen::Map<const Eigen::MatrixXd>;  // tokens x points, as the products give them

/// chi, z, sigma, and the residual rho = y - f of some samples of one length.
struct Forward {
  Eigen::VectorXd chi_by_token, z_by_token;
  Batch chi, z;
  ActivationJet jet;
  Eigen::ArrayXd rho;

  void run(const Samples& samples, const SampleGroup& part, const PaddedFields& fields,
           const Activation& activation) {
    const Index tokens = part.samples * part.length;
    chi_by_token.resize(tokens);
    z_by_token.resize(tokens);
    token_fields(samples.tokens.col(part.first_token).data(), samples.tokens.rows(), tokens, fields.k.data(),
                 fields.v.data(), chi_by_token.data(), z_by_token.data());
    chi = ByToken(chi_by_token.data(), part.length, part.samples).transpose();
    z = ByToken(z_by_token.data(), part.length, part.samples).transpose();
    activation.jet(chi, jet);
    rho = samples.y.segment(part.first_sample, part.samples) - (jet.s * z).rowwise().sum();
  }
};

}  // namespace

Objective::Objective(const Samples& samples, const Activation& activation, double ridge_k, double ridge_v,
                     int threads)
    : samples_(&samples), activation_(&activation), ridge_k_(ridge_k), ridge_v_(ridge_v), threads_(threads) {
  if (!(ridge_k >= 0) || std::isinf(ridge_k))
    throw InvalidInput("ridge_k", std::to_string(ridge_k), "needs a finite number >= 0");
  if (!(ridge_v >= 0) || std::isinf(ridge_v))
    throw InvalidInput("ridge_v", std::to_string(ridge_v), "needs a finite number >= 0");
}

double Objective::operator()(const Eigen::VectorXd& theta, Eigen::VectorXd& gradient) const {
  const Index D = samples_->dimension, stride = samples_->tokens.rows();
  const PaddedFields fields(theta.head(D), theta.tail(D));
  Eigen::ArrayXd loss = Eigen::ArrayXd::Zero(chunks);
  Eigen::MatrixXd partial_k = Eigen::MatrixXd::Zero(stride, chunks), partial_v = partial_k;

  parallel_for(chunks, threads_, [&](int c) {
    Forward forward;
    Eigen::MatrixXd by_token_k, by_token_v;
    for_each_part(*samples_, c, [&](const SampleGroup& part) {
      forward.run(*samples_, part, fields, *activation_);
      const auto& [s, b, p, q, second] = forward.jet;
      const Eigen::ArrayXd& rho = forward.rho;
      loss[c] += rho.square().sum() / 2;
      // d loss/d chi = -rho J^T z with J = diag(b) - p q^T;  d loss/d z = -rho s.
      const Eigen::ArrayXd pz = (p * forward.z).rowwise().sum();
      by_token_k = ((b * forward.z - q.colwise() * pz).colwise() * -rho).transpose();
      by_token_v = (s.colwise() * -rho).transpose();
      add_tokens(samples_->tokens.col(part.first_token).data(), stride, part.samples * part.length,
                 by_token_k.data(), by_token_v.data(), partial_k.col(c).data(), partial_v.col(c).data());
    });
  });

  const double root_D = std::sqrt(static_cast<double>(D));
  gradient.resize(2 * D);
  gradient << partial_k.topRows(D).rowwise().sum() / root_D + ridge_k_ * theta.head(D),
      partial_v.topRows(D).rowwise().sum() / root_D + ridge_v_ * theta.tail(D);
  return loss.sum() + ridge_k_ / 2 * theta.head(D).squaredNorm() + ridge_v_ / 2 * theta.tail(D).squaredNorm();
}

double Objective::train_error(double value, const Eigen::VectorXd& theta) const {
  const Index D = samples_->dimension;
  const double ridge = ridge_k_ * theta.head(D).squaredNorm() + ridge_v_ * theta.tail(D).squaredNorm();
  return (2 * value - ridge) / static_cast<double>(samples_->size());
}

std::size_t Objective::workspace_bytes(int dimension) {
  return sizeof(double) * 2 * chunks * static_cast<std::size_t>(token_stride(dimension));
}

MeanAndError squared_error(const Problem& problem, const Directions& directions, const Activation& activation,
                           const Eigen::VectorXd& k, const Eigen::VectorXd& v, Eigen::Index count,
                           std::uint64_t key, int threads) {
  constexpr Index most_floats = Index{1} << 22;
  int longest = 1;
  for (const Length& length : problem.lengths) longest = std::max(longest, length.tokens);
  const Index at_once =
      std::clamp<Index>(most_floats / (longest * token_stride(static_cast<int>(k.size()))), 1, 512);
  const PaddedFields fields(k, v);
  const int batches = static_cast<int>((count + at_once - 1) / at_once);
  Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(batches), sum_of_squares = sum;
  parallel_for(batches, threads, [&](int batch) {
    const Index drawn = std::min(at_once, count - batch * at_once);
    const Samples samples = draw_samples(problem, directions, drawn, stream_key(key, batch), 1);
    Forward forward;
    for (const SampleGroup& group : samples.groups) {
      forward.run(samples, group, fields, activation);
      sum[batch] += forward.rho.square().sum();
      sum_of_squares[batch] += forward.rho.square().square().sum();
    }
  });
  const double n = static_cast<double>(count), mean = sum.sum() / n;
  return {mean, std::sqrt(std::max(0.0, sum_of_squares.sum() / n - mean * mean) / n)};
}

}  // namespace quenched
