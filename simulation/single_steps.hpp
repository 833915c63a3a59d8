#pragma once
#include <quenched/activation.hpp>
#include <quenched/sampler.hpp>
#include <utility>
#include <vector>

namespace quenched {

/// Fisher and Yates' shuffle; std::shuffle's order differs between standard libraries.
template <class T>
void shuffle(std::vector<T>& list, std::uint64_t key) {
  Rng rng(key);
  for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[rng() % i]);
}

struct SampleOf {
  const SampleGroup* group;
  Eigen::Index i;  // in the group
};

/// The samples in random order: a draw sorts those of a block by length.
[[nodiscard]] std::vector<SampleOf> in_random_order(const Samples& samples, std::uint64_t key);

/// (k, v) that takes one sample at a time, as one_pass_sgd.hpp writes.
class SingleSteps {
 public:
  /// The activation must outlive it.
  SingleSteps(const Activation& activation, double learning_rate, double ridge_k, double ridge_v,
              const Eigen::Ref<const Eigen::VectorXd>& k, const Eigen::Ref<const Eigen::VectorXd>& v);
  [[nodiscard]] Eigen::VectorXd k() const;
  [[nodiscard]] Eigen::VectorXd v() const;
  void step(const Samples& samples, const SampleOf& sample);

 private:
  const Activation& activation_;
  double learning_rate_, ridge_k_, ridge_v_;
  Eigen::Index D_;
  Eigen::VectorXd k_, v_;  // over sqrt(D), padded as the tokens are
  Batch chi_, z_, along_k_, along_v_;
  ActivationJet jet_;
};

}  // namespace quenched
