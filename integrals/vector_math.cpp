#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "libmvec.hpp"

namespace quenched::vector_math {
namespace {

constexpr Eigen::Index vector_lanes =
    8;  // whole AVX-512 vectors only, so that no element falls into a scalar tail

#define QUENCHED_LOOP(name, expression)                                      \
  QUENCHED_CLONES void name(const double* in, double* out, Eigen::Index n) { \
    for (Eigen::Index i = 0; i < n; ++i) {                                   \
      const double x = in[i];                                                \
      out[i] = expression;                                                   \
    }                                                                        \
  }
QUENCHED_LOOP(exp_loop, ::exp(x))
QUENCHED_LOOP(log_loop, ::log(x))
QUENCHED_LOOP(log1p_loop, ::log1p(x))
QUENCHED_LOOP(expm1_loop, ::expm1(x))
QUENCHED_LOOP(tanh_loop, ::tanh(x))
QUENCHED_LOOP(erf_loop, ::erf(x))
QUENCHED_LOOP(cdf_loop, 0.5 * ::erfc(-x * (1 / std::numbers::sqrt2)))
#undef QUENCHED_LOOP

QUENCHED_CLONES void quintic_loop(const double* c, std::ptrdiff_t d, double r, double w, double* y,
                                  Eigen::Index n) {
  for (Eigen::Index i = 0; i < n; ++i)
    y[i] += w * (c[i] + r * (c[i + d] + r * (c[i + 2 * d] +
                                             r * (c[i + 3 * d] + r * (c[i + 4 * d] + r * c[i + 5 * d])))));
}

template <class Loop>
void blocked(In x, Out y, Loop loop) {
  const Eigen::Index n = x.size(), whole = n - n % vector_lanes;
  loop(x.data(), y.data(), whole);
  if (whole == n) return;
  double tail[vector_lanes] = {1, 1, 1, 1, 1, 1, 1, 1}, result[vector_lanes];
  for (Eigen::Index i = whole; i < n; ++i) tail[i - whole] = x[i];
  loop(tail, result, vector_lanes);
  for (Eigen::Index i = whole; i < n; ++i) y[i] = result[i - whole];
}

template <class Loop>
Batch in_place(Batch x, Loop loop) {
  blocked(Eigen::Map<const Eigen::ArrayXd>(x.data(), x.size()),
          Eigen::Map<Eigen::ArrayXd>(x.data(), x.size()), loop);
  return x;
}

}  // namespace

void exp(In x, Out y) { blocked(x, y, exp_loop); }
void log(In x, Out y) { blocked(x, y, log_loop); }
void log1p(In x, Out y) { blocked(x, y, log1p_loop); }
void expm1(In x, Out y) { blocked(x, y, expm1_loop); }
void tanh(In x, Out y) { blocked(x, y, tanh_loop); }
void erf(In x, Out y) { blocked(x, y, erf_loop); }
void normal_cdf(In x, Out y) { blocked(x, y, cdf_loop); }

Batch exp(Batch x) { return in_place(std::move(x), exp_loop); }
Batch log1p(Batch x) { return in_place(std::move(x), log1p_loop); }
Batch normal_cdf(Batch x) { return in_place(std::move(x), cdf_loop); }

void add_quintics(const double* coefficients, std::ptrdiff_t between, double r, double weight, Out y) {
  quintic_loop(coefficients, between, r, weight, y.data(), y.size());
}

}  // namespace quenched::vector_math
