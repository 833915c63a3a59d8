#pragma once
#include <algorithm>
#include <cmath>
#include <quenched/sampler.hpp>

namespace quenched {

/// (k, v) scaled by 1/sqrt(D) and padded by zeros to the stride of the tokens.
struct PaddedFields {
  Eigen::VectorXd k, v;
  PaddedFields(const Eigen::Ref<const Eigen::VectorXd>& k_in, const Eigen::Ref<const Eigen::VectorXd>& v_in) {
    const double root_D = std::sqrt(static_cast<double>(k_in.size()));
    k = Eigen::VectorXd::Zero(token_stride(static_cast<int>(k_in.size())));
    v = k;
    k.head(k_in.size()) = k_in / root_D;
    v.head(v_in.size()) = v_in / root_D;
  }
};

/// A pass over the samples is cut into chunks, each with its own partial sums, which are then added in order:
/// the result does not depend on the threads.
constexpr int chunks = 64;

/// work(part) for the groups of one chunk, cut into parts of equal size that fit in L2 with the ones that
/// follow.
template <class Work>
void for_each_part(const Samples& samples, int chunk, const Work& work) {
  constexpr Eigen::Index cached_floats = Eigen::Index{64} << 10;
  const std::size_t groups = samples.groups.size();
  for (std::size_t g = groups * chunk / chunks; g < groups * (chunk + 1) / chunks; ++g) {
    const SampleGroup& group = samples.groups[g];
    const Eigen::Index floats = group.samples * group.length * samples.tokens.rows();
    const Eigen::Index parts = std::clamp<Eigen::Index>(floats / cached_floats, 1, group.samples);
    for (Eigen::Index p = 0; p < parts; ++p) {
      const Eigen::Index begin = group.samples * p / parts, end = group.samples * (p + 1) / parts;
      work(SampleGroup{group.first_sample + begin, end - begin, group.first_token + begin * group.length,
                       group.length});
    }
  }
}

}  // namespace quenched
