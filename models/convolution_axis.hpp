#pragma once
#include <Eigen/Core>

namespace quenched {

/// out_i = sum_k kernel_k in_(i + k stride), i < n.
void convolve(Eigen::Index n, Eigen::Index count, Eigen::Index stride, const double* kernel, const double* in,
              double* out);

/// rows x columns numbers, in `storage`, which grows.
[[nodiscard]] Eigen::Map<Eigen::ArrayXXd> within(Eigen::ArrayXd& storage, Eigen::Index rows,
                                                 Eigen::Index columns);

/// Nodes of one coordinate, symmetric about 0: outer ones over N(0, sigma^2), inner ones that extend them by
/// the reach of the inner average, over N(outer, spread^2).
struct ConvolutionAxis {
  Eigen::ArrayXd outer, inner, weight;  // weight: of the outer average
  double sigma, step;
  double resolved;        // 0 for no inner average, 1 from where the grid resolves it
  Eigen::ArrayXd kernel;  // of the inner average, from inner to outer nodes
  // The same with twice the error, where the grid resolves too little: for smooth f 2 f(kernel) - f(wider)
  // has hardly any.
  Eigen::ArrayXd wider;
  /// reach: standard deviations kept, of both averages; `ends`: further outer nodes at each end.
  ConvolutionAxis(double sigma, double spread, double step, double reach, Eigen::Index ends = 0);
};

}  // namespace quenched
