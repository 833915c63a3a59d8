#pragma once
#include <Eigen/Core>

namespace quenched {

/// Products with tokens in float32, everything else in double, for two vectors at once. `tokens` is the first
/// of `count` columns, `stride` floats apart and padded by zeros to it; vectors have `stride` entries. The
/// order of the sums does not depend on the processor. Compiled for SSE2, AVX2 and AVX-512.

/// chi_t = x_t.k, z_t = x_t.v for t < count.
void token_fields(const float* tokens, Eigen::Index stride, Eigen::Index count, const double* k,
                  const double* v, double* chi, double* z);

/// K += sum_t a_t x_t, V += sum_t s_t x_t.
void add_tokens(const float* tokens, Eigen::Index stride, Eigen::Index count, const double* a,
                const double* s, double* K, double* V);

}  // namespace quenched
