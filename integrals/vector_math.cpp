#include <algorithm>
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

QUENCHED_CLONES void quintic_loop(const double* c, std::ptrdiff_t d, std::ptrdiff_t functions, double r,
                                  double w, double* const* outputs, std::size_t count, Eigen::Index n) {
  for (std::size_t f = 0; f < count; ++f, c += functions) {
    double* y = outputs[f];
    for (Eigen::Index i = 0; i < n; ++i)
      y[i] += w * (c[i] + r * (c[i + d] + r * (c[i + 2 * d] +
                                               r * (c[i + 3 * d] + r * (c[i + 4 * d] + r * c[i + 5 * d])))));
  }
}

/// Sums of w a0 b0, w a0 b1, w a1 b0, w a1 b1, eight of each in turn and these added pairwise.
QUENCHED_CLONES void gram_tile(const double* w, const double* const* a, const double* const* b,
                               Eigen::Index n, double* out) {
  using Lanes [[gnu::vector_size(8 * sizeof(double)), gnu::aligned(8)]] = double;
  Lanes s00{}, s01{}, s10{}, s11{};
  // A reference: how such a value is returned depends on the instruction set.
  const auto at = [](const double* x, Eigen::Index i) -> const Lanes& {
    return *reinterpret_cast<const Lanes*>(x + i);
  };
  for (Eigen::Index i = 0; i < n; i += vector_lanes) {
    const Lanes weight = at(w, i), b0 = at(b[0], i), b1 = at(b[1], i), a0 = weight * at(a[0], i),
                a1 = weight * at(a[1], i);
    s00 += a0 * b0, s01 += a0 * b1, s10 += a1 * b0, s11 += a1 * b1;
  }
  const auto total = [](const Lanes& s) __attribute__((always_inline)) {
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  };
  out[0] = total(s00), out[1] = total(s01), out[2] = total(s10), out[3] = total(s11);
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

void add_quintics(const double* coefficients, std::ptrdiff_t powers, std::ptrdiff_t functions, double r,
                  double weight, std::span<double* const> y, Eigen::Index n) {
  quintic_loop(coefficients, powers, functions, r, weight, y.data(), y.size(), n);
}

void weighted_gram(const Eigen::MatrixXd& x, In weight, int wanted, Eigen::MatrixXd& out) {
  const Eigen::Index L = x.cols(), n = x.rows();
  out.resize(wanted, L);
  for (Eigen::Index i = 0; i < wanted; i += 2)
    for (Eigen::Index j = i; j < L; j += 2) {
      const Eigen::Index rows[2] = {i, std::min<Eigen::Index>(i + 1, wanted - 1)},
                         columns[2] = {j, std::min(j + 1, L - 1)};
      const double* const a[2] = {&x(0, rows[0]), &x(0, rows[1])};
      const double* const b[2] = {&x(0, columns[0]), &x(0, columns[1])};
      double sums[4];
      gram_tile(weight.data(), a, b, n, sums);
      for (int k = 0; k < 4; ++k) {
        const Eigen::Index row = rows[k / 2], column = columns[k % 2];
        out(row, column) = sums[k];
        if (column < wanted) out(column, row) = sums[k];
      }
    }
}

}  // namespace quenched::vector_math
