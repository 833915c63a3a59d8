#include "convolution_axis.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

using Eigen::ArrayXd;

constexpr double resolving = 0.7;  // variance, in steps squared

/// Weights of an average over N(0, t) on a grid of step 1, none negative: the Gaussian itself where the grid
/// resolves it (trapezoid, aliasing 2 exp(-2 pi^2 t)); else five nodes that have its moments to the fifth,
/// or, below t = 1/3, to the third: the identity at t = 0. There the fourth moment t is too much by t - 3
/// t^2, and with `wider` by twice that.
ArrayXd gaussian_kernel(double t, double reach, bool wider) {
  if (t < resolving) {
    const double far = t * (3 * t < 1 ? wider * (1 - 3 * t) : 3 * t - 1) / 24, near = t / 2 - 4 * far;
    return (ArrayXd(5) << far, near, 1 - 2 * (near + far), near, far).finished();
  }
  const auto pad = static_cast<Eigen::Index>(std::ceil(reach * std::sqrt(t)));
  const ArrayXd x = ArrayXd::LinSpaced(2 * pad + 1, -static_cast<double>(pad), static_cast<double>(pad));
  return (-x.square() / (2 * t)).exp() / std::sqrt(2 * std::numbers::pi * t);
}

QUENCHED_CLONES void convolve_lanes(Eigen::Index n, Eigen::Index count, Eigen::Index stride,
                                    const double* __restrict kernel, const double* __restrict in,
                                    double* __restrict out) {
  constexpr Eigen::Index lanes = 16;  // sums kept in registers
  Eigen::Index i = 0;
  for (; i + lanes <= n; i += lanes) {
    double sum[lanes] = {};
    for (Eigen::Index k = 0; k < count; ++k)
#pragma omp simd
      for (Eigen::Index l = 0; l < lanes; ++l) sum[l] += kernel[k] * in[i + l + k * stride];
    for (Eigen::Index l = 0; l < lanes; ++l) out[i + l] = sum[l];
  }
  for (; i < n; ++i) {
    double sum = 0;
    for (Eigen::Index k = 0; k < count; ++k) sum += kernel[k] * in[i + k * stride];
    out[i] = sum;
  }
}

}  // namespace

void convolve(Eigen::Index n, Eigen::Index count, Eigen::Index stride, const double* kernel, const double* in,
              double* out) {
  convolve_lanes(n, count, stride, kernel, in, out);
}

Eigen::Map<Eigen::ArrayXXd> within(ArrayXd& storage, Eigen::Index rows, Eigen::Index columns) {
  if (storage.size() < rows * columns) storage.resize(rows * columns);
  return {storage.data(), rows, columns};
}

ConvolutionAxis::ConvolutionAxis(double sigma_, double spread, double step_, double reach, Eigen::Index ends)
    : sigma(sigma_), step(step_) {
  const auto half = static_cast<Eigen::Index>(std::ceil(reach * sigma / step)) + ends;
  outer = step * (ArrayXd::LinSpaced(2 * half, 0, static_cast<double>(2 * half - 1)) -
                  (static_cast<double>(half) - 0.5));
  weight = (-0.5 * (outer / sigma).square()).exp() * (step / (sigma * std::sqrt(2 * std::numbers::pi)));
  const double variance = std::pow(spread / step, 2);
  resolved = std::min(1.0, variance / resolving);
  kernel = gaussian_kernel(variance, reach, false), wider = gaussian_kernel(variance, reach, true);
  const Eigen::Index pad = kernel.size() / 2;
  inner = outer[0] + step * ArrayXd::LinSpaced(2 * (half + pad), -static_cast<double>(pad),
                                               static_cast<double>(2 * half + pad - 1));
}

}  // namespace quenched
