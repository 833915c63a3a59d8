#include "single_steps.hpp"

#include <cmath>

#include "token_products.hpp"

namespace quenched {
namespace {

using Index = Eigen::Index;

}  // namespace

std::vector<SampleOf> in_random_order(const Samples& samples, std::uint64_t key) {
  std::vector<SampleOf> order;
  for (const SampleGroup& group : samples.groups)
    for (Index i = 0; i < group.samples; ++i) order.push_back({&group, i});
  if (samples.groups.size() > 1) shuffle(order, key);
  return order;
}

SingleSteps::SingleSteps(const Activation& activation, double learning_rate, double ridge_k, double ridge_v,
                         const Eigen::Ref<const Eigen::VectorXd>& k,
                         const Eigen::Ref<const Eigen::VectorXd>& v)
    : activation_(activation),
      learning_rate_(learning_rate),
      ridge_k_(ridge_k),
      ridge_v_(ridge_v),
      D_(k.size()) {
  k_ = v_ = Eigen::VectorXd::Zero(token_stride(static_cast<int>(D_)));
  k_.head(D_) = k / std::sqrt(static_cast<double>(D_));
  v_.head(D_) = v / std::sqrt(static_cast<double>(D_));
}

Eigen::VectorXd SingleSteps::k() const { return k_.head(D_) * std::sqrt(static_cast<double>(D_)); }
Eigen::VectorXd SingleSteps::v() const { return v_.head(D_) * std::sqrt(static_cast<double>(D_)); }

void SingleSteps::step(const Samples& samples, const SampleOf& sample) {
  const Index L = sample.group->length, stride = samples.tokens.rows();
  const float* tokens = samples.tokens.col(sample.group->first_token + sample.i * L).data();
  chi_.resize(1, L), z_.resize(1, L);
  token_fields(tokens, stride, L, k_.data(), v_.data(), chi_.data(), z_.data());
  activation_.jet(chi_, jet_);
  const auto& [s, b, p, q, second] = jet_;
  const double eta = learning_rate_ / static_cast<double>(D_);
  const double r = samples.y[sample.group->first_sample + sample.i] - (s * z_).sum();
  along_k_ = eta * r * (b * z_ - q * (p * z_).sum());
  along_v_ = eta * r * s;
  k_ *= 1 - eta * ridge_k_;
  v_ *= 1 - eta * ridge_v_;
  add_tokens(tokens, stride, L, along_k_.data(), along_v_.data(), k_.data(), v_.data());
}

}  // namespace quenched
