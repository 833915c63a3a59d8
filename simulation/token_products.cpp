#include "token_products.hpp"

#include <algorithm>

#include "clones.hpp"

namespace quenched {
namespace {

using Index = Eigen::Index;
constexpr int doubles_a_vector = 8,
              floats_a_line = 16;  // doubles of an AVX-512 vector, floats of a cache line
constexpr Index block = 1024;      // entries of K and V that stay in L1

// Without __restrict the compiler makes two paths, for arrays that lie close together and for others, which
// round differently: the bytes would depend on where the heap put them.

/// `n` tokens at once, n a constant: each load of k, v serves n tokens. Half of what lies `ahead` floats
/// further on is fetched meanwhile, the other half by add_of: both compute on tokens that are in cache
/// already.
template <int n>
__attribute__((always_inline)) inline void fields_of(const float* __restrict tokens, Index stride,
                                                     Index ahead, const double* __restrict k,
                                                     const double* __restrict v, double* __restrict chi,
                                                     double* __restrict z) {
  double sum_k[n][doubles_a_vector] = {}, sum_v[n][doubles_a_vector] = {};
  for (Index line = 0; line < stride; line += floats_a_line) {
    for (int t = 0; t < n; t += 2) __builtin_prefetch(tokens + t * stride + line + ahead);
    for (Index d = line; d < line + floats_a_line; d += doubles_a_vector)
      for (int t = 0; t < n; ++t)
        for (int j = 0; j < doubles_a_vector; ++j) {
          const double x = static_cast<double>(tokens[t * stride + d + j]);
          sum_k[t][j] += x * k[d + j];
          sum_v[t][j] += x * v[d + j];
        }
  }
  for (int t = 0; t < n; ++t) {
    chi[t] = z[t] = 0;
    for (int j = 0; j < doubles_a_vector; ++j) {
      chi[t] += sum_k[t][j];
      z[t] += sum_v[t][j];
    }
  }
}

template <int n>
__attribute__((always_inline)) inline void add_of(const float* __restrict tokens, Index stride, Index begin,
                                                  Index end, Index ahead, const double* __restrict a,
                                                  const double* __restrict s, double* __restrict K,
                                                  double* __restrict V) {
  for (Index d = begin; d < end; d += floats_a_line) {
    for (int t = 1; t < n; t += 2) __builtin_prefetch(tokens + t * stride + d + ahead);
    for (int j = 0; j < floats_a_line; ++j) {
      double sum_k = K[d + j], sum_v = V[d + j];
      for (int t = 0; t < n; ++t) {
        const double x = static_cast<double>(tokens[t * stride + d + j]);
        sum_k += a[t] * x;
        sum_v += s[t] * x;
      }
      K[d + j] = sum_k;
      V[d + j] = sum_v;
    }
  }
}

}  // namespace

QUENCHED_CLONES void token_fields(const float* tokens, Index stride, Index count, const double* k,
                                  const double* v, double* chi, double* z) {
  Index t = 0;
  for (; t + 2 <= count; t += 2)
    fields_of<2>(tokens + t * stride, stride, count * stride, k, v, chi + t, z + t);
  for (; t < count; ++t) fields_of<1>(tokens + t * stride, stride, count * stride, k, v, chi + t, z + t);
}

QUENCHED_CLONES void add_tokens(const float* tokens, Index stride, Index count, const double* a,
                                const double* s, double* K, double* V) {
  const Index ahead = count * stride;
  for (Index begin = 0; begin < stride; begin += block) {
    const Index end = std::min(begin + block, stride);
    Index t = 0;
    for (; t + 4 <= count; t += 4)
      add_of<4>(tokens + t * stride, stride, begin, end, ahead, a + t, s + t, K, V);
    for (; t < count; ++t) add_of<1>(tokens + t * stride, stride, begin, end, ahead, a + t, s + t, K, V);
  }
}

}  // namespace quenched
