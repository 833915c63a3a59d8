#include <cmath>
#include <quenched/amp.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/parallel.hpp>
#include <string>

#include "passes.hpp"
#include "token_products.hpp"

namespace quenched {
namespace {

using Index = Eigen::Index;
using ByToken = Eigen::Map<const Eigen::MatrixXd>;  // tokens x points

double root_mean_square(const Eigen::VectorXd& k, const Eigen::VectorXd& v) {
  return std::sqrt((k.squaredNorm() + v.squaredNorm()) / static_cast<double>(k.size() + v.size()));
}

/// Of a 2 x 2 matrix with entries >= 0.
double largest_eigenvalue(const Eigen::Matrix2d& R) {
  return (R(0, 0) + R(1, 1)) / 2 + std::sqrt(std::pow((R(0, 0) - R(1, 1)) / 2, 2) + R(0, 1) * R(1, 0));
}

void require_size(const Samples& samples, const AmpState& state) {
  if (state.k.size() != samples.dimension || state.v.size() != samples.dimension)
    throw InvalidInput("dimension", std::to_string(state.k.size()),
                       "needs k and v of the samples' dimension");
}

}  // namespace

AmpState amp_step(const Samples& samples, const AmpChannel& channel, const AmpState& state,
                  const AmpOptions& options) {
  const Index D = samples.dimension, stride = samples.tokens.rows(), all_tokens = samples.tokens.cols();
  const PaddedFields fields(state.k, state.v);
  AmpState next;
  next.g_k.resize(all_tokens);
  next.g_v.resize(all_tokens);
  Eigen::ArrayXXd divergence = Eigen::ArrayXXd::Zero(chunks, 2);
  Eigen::MatrixXd partial_k = Eigen::MatrixXd::Zero(stride, chunks), partial_v = partial_k;

  parallel_for(chunks, options.threads, [&](int c) {
    Eigen::ArrayXd omega_by_token, w_by_token;
    Eigen::MatrixXd g_by_token;
    AmpChannelOutput out;
    for_each_part(samples, c, [&](const SampleGroup& part) {
      const Index first = part.first_token, count = part.samples * part.length;
      const float* tokens = samples.tokens.col(first).data();
      omega_by_token.resize(count);
      w_by_token.resize(count);
      token_fields(tokens, stride, count, fields.k.data(), fields.v.data(), omega_by_token.data(),
                   w_by_token.data());
      if (state.g_k.size() > 0) {
        omega_by_token -= state.V_k * state.g_k.segment(first, count);
        w_by_token -= state.V_v * state.g_v.segment(first, count);
      }
      const Batch omega = ByToken(omega_by_token.data(), part.length, part.samples).transpose();
      const Batch w = ByToken(w_by_token.data(), part.length, part.samples).transpose();
      channel(omega, w, samples.y.segment(part.first_sample, part.samples), state.V_k, state.V_v, out);
      g_by_token = out.g_k.transpose();
      next.g_k.segment(first, count) = g_by_token.reshaped();
      g_by_token = out.g_v.transpose();
      next.g_v.segment(first, count) = g_by_token.reshaped();
      divergence(c, 0) += out.divergence_k.sum();
      divergence(c, 1) += out.divergence_v.sum();
      add_tokens(tokens, stride, count, &next.g_k[first], &next.g_v[first], partial_k.col(c).data(),
                 partial_v.col(c).data());
    });
  });

  const double root_D = std::sqrt(static_cast<double>(D));
  next.A_k = -divergence.col(0).sum() / static_cast<double>(D);
  next.A_v = -divergence.col(1).sum() / static_cast<double>(D);
  next.V_k = 1 / (options.prior_k + next.A_k);
  next.V_v = 1 / (options.prior_v + next.A_v);
  next.k = next.V_k * (partial_k.topRows(D).rowwise().sum() / root_D + next.A_k * state.k);
  next.v = next.V_v * (partial_v.topRows(D).rowwise().sum() / root_D + next.A_v * state.v);
  const auto along_k = [](const AmpState& at) { return at.k.stableNormalized().dot(at.v); };
  next.v -= (1 - options.cross) * (along_k(next) - along_k(state)) * next.k.stableNormalized();
  return next;
}

AmpResult amp(const Samples& samples, const AmpChannel& channel, AmpState start, const AmpOptions& options,
              const std::function<void(int, const AmpState&)>& observer) {
  require_size(samples, start);
  if (!(options.tolerance > 0))
    throw InvalidInput("tolerance", std::to_string(options.tolerance), "needs a number > 0");
  if (!(options.cross > 0 && options.cross <= 1))
    throw InvalidInput("cross", std::to_string(options.cross), "needs a weight in (0, 1]");
  if (options.max_iterations < 1)
    throw InvalidInput("max_iterations", std::to_string(options.max_iterations), "needs at least 1");
  AmpResult result;
  result.state = std::move(start);
  result.status = AmpStatus::max_iterations;
  while (result.iterations < options.max_iterations) {
    AmpState next = amp_step(samples, channel, result.state, options);
    ++result.iterations;
    result.change = root_mean_square(next.k - result.state.k, next.v - result.state.v);
    result.state = std::move(next);
    if (observer) observer(result.iterations, result.state);
    if (!std::isfinite(result.change)) {
      result.status = AmpStatus::not_finite;
      break;
    }
    if (!(result.state.V_k > 0) || !(result.state.V_v > 0)) {
      result.status = AmpStatus::infeasible;
      break;
    }
    if (result.change <= options.tolerance) {
      result.status = AmpStatus::converged;
      break;
    }
  }
  return result;
}

ReplicaStability replica_stability(const Samples& samples, const AmpChannel& channel, const AmpState& state,
                                   const AmpOptions& options, int copies, std::uint64_t key,
                                   double distance) {
  require_size(samples, state);
  if (copies < 2) throw InvalidInput("copies", std::to_string(copies), "needs at least 2");
  if (!(distance > 0)) throw InvalidInput("distance", std::to_string(distance), "needs a number > 0");
  const AmpState one = amp_step(samples, channel, state, options);
  NormalStream normals(key);
  Eigen::VectorXf drawn(samples.dimension);
  ReplicaStability measured;
  measured.R.setZero();
  Eigen::ArrayXd eigenvalues(copies);
  for (int copy = 0; copy < copies; ++copy) {
    Eigen::Matrix2d R;
    for (int b = 0; b < 2; ++b) {
      normals.fill(drawn.data(), drawn.size());
      const Eigen::VectorXd apart = distance * drawn.cast<double>();
      AmpState two = state;
      (b == 0 ? two.k : two.v) += apart;
      two = amp_step(samples, channel, two, options);
      R(0, b) = (two.k - one.k).squaredNorm() / apart.squaredNorm();
      R(1, b) = (two.v - one.v).squaredNorm() / apart.squaredNorm();
    }
    eigenvalues[copy] = largest_eigenvalue(R);
    measured.R += R / copies;
  }
  measured.eigenvalue = largest_eigenvalue(measured.R);
  measured.error = std::sqrt((eigenvalues - eigenvalues.mean()).square().sum() / (copies - 1) / copies);
  return measured;
}

}  // namespace quenched
