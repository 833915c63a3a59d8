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

/// Loss, gradient in k and v (of `stride` entries, times sqrt(D)) and Gauss-Newton curvatures times D.
struct Sums {
  double loss = 0, curvature_k = 0, curvature_v = 0;
  Eigen::VectorXd k, v;
};

/// Forward, then back to the gradient.
struct Backward : Forward {
  Eigen::MatrixXd by_token_k, by_token_v;

  void add(const Samples& samples, const SampleGroup& part, const PaddedFields& fields,
           const Activation& activation, Sums& sums) {
    run(samples, part, fields, activation);
    const auto& [s, b, p, q, second] = jet;
    sums.loss += rho.square().sum() / 2;
    // d loss/d chi = -rho u, u = J^T z with J = diag(b) - p q^T;  d loss/d z = -rho s.
    const Eigen::ArrayXd pz = (p * z).rowwise().sum();
    const Batch u = b * z - q.colwise() * pz;
    sums.curvature_k += u.square().sum();
    sums.curvature_v += s.square().sum();
    by_token_k = (u.colwise() * -rho).transpose();
    by_token_v = (s.colwise() * -rho).transpose();
    add_tokens(samples.tokens.col(part.first_token).data(), samples.tokens.rows(), part.samples * part.length,
               by_token_k.data(), by_token_v.data(), sums.k.data(), sums.v.data());
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

double Objective::operator()(const Eigen::VectorXd& theta, Eigen::VectorXd& gradient,
                             Eigen::Array2d* curvature) const {
  const Index D = samples_->dimension, stride = samples_->tokens.rows();
  const PaddedFields fields(theta.head(D), theta.tail(D));
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(stride);
  std::vector<Sums> partial(chunks, {.k = zero, .v = zero});
  parallel_for(chunks, threads_, [&](int c) {
    Backward backward;
    for_each_part(*samples_, c, [&](const SampleGroup& part) {
      backward.add(*samples_, part, fields, *activation_, partial[c]);
    });
  });
  Sums sums{.k = zero, .v = zero};
  for (const Sums& part : partial) {
    sums.loss += part.loss;
    sums.curvature_k += part.curvature_k;
    sums.curvature_v += part.curvature_v;
    sums.k += part.k;
    sums.v += part.v;
  }
  const auto dimension = static_cast<double>(D);
  if (curvature)
    *curvature = {sums.curvature_k / dimension + ridge_k_, sums.curvature_v / dimension + ridge_v_};
  gradient.resize(2 * D);
  gradient << sums.k.head(D) / std::sqrt(dimension) + ridge_k_ * theta.head(D),
      sums.v.head(D) / std::sqrt(dimension) + ridge_v_ * theta.tail(D);
  return sums.loss + ridge_k_ / 2 * theta.head(D).squaredNorm() + ridge_v_ / 2 * theta.tail(D).squaredNorm();
}

double Objective::batch(const Eigen::VectorXd& theta, Index b, Eigen::VectorXd& gradient) const {
  const Index D = samples_->dimension, begin = b * Samples::block;
  const PaddedFields fields(theta.head(D), theta.tail(D));
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(samples_->tokens.rows());
  Sums sums{.k = zero, .v = zero};
  Backward backward;
  auto group = std::ranges::lower_bound(samples_->groups, begin, {}, &SampleGroup::first_sample);
  for (; group != samples_->groups.end() && group->first_sample < begin + Samples::block; ++group)
    backward.add(*samples_, *group, fields, *activation_, sums);
  const double share = static_cast<double>(std::min<Index>(Samples::block, samples_->size() - begin)) /
                       static_cast<double>(samples_->size());
  const double root_D = std::sqrt(static_cast<double>(D));
  gradient.resize(2 * D);
  gradient << sums.k.head(D) / root_D + share * ridge_k_ * theta.head(D),
      sums.v.head(D) / root_D + share * ridge_v_ * theta.tail(D);
  return sums.loss +
         share * (ridge_k_ * theta.head(D).squaredNorm() + ridge_v_ * theta.tail(D).squaredNorm()) / 2;
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
                           std::uint64_t key, int threads, const TokenLaw& tokens) {
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
    const Samples samples = draw_samples(problem, directions, drawn, stream_key(key, batch), 1, tokens);
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
