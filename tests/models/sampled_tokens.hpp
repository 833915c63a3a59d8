#pragma once
#include <quenched/activation.hpp>
#include <quenched/overlaps.hpp>
#include <quenched/task.hpp>

/// Independent samples of (y, chi, z) drawn from the definition: the four fields of a token are Gaussian with
/// the Gram matrix of (k*, v*, k, v) for covariance; the location is drawn, or its token displaced.
struct SampledTokens {
  quenched::Batch chi_star, z_star, chi, z;  // samples x tokens; the location is token 0
  Eigen::ArrayXd y;
};
SampledTokens sampled_tokens(const quenched::Problem& problem, int L, const quenched::Overlaps& o,
                             int samples, quenched::Rng& rng);
