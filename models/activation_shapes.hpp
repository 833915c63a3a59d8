#pragma once
#include <functional>
#include <quenched/activation.hpp>

namespace quenched {

/// phi, phi' and phi'' at every entry of an array.
struct Curve {
  Batch value, first, second;
};
using CurveOf = std::function<Curve(const Batch& x)>;

/// sigma_l = phi(chi_l). Sets info.elementwise.
[[nodiscard]] std::shared_ptr<const Activation> elementwise(ActivationInfo info, CurveOf phi);

/// A function of the largest field, of a point or of the other tokens.
using OfLargest = double (*)(double top);
inline double zero(double) { return 0; }
inline double itself(double top) { return top; }
inline double at_least_zero(double top) { return top > 0 ? top : 0; }
inline double at_most_zero(double top) { return top < 0 ? top : 0; }
/// Against underflow where phi(x) = exp(x) to the last digit below -40: moves such fields up to -40.
inline double beyond_tail(double top) { return at_most_zero(top + 40); }

struct KernelShape {
  double Z0 = 0;
  OfLargest shift = zero;  // phi(x) = exp(shift) phi(x - shift), where not 0: keeps phi in range
  OfLargest transition =
      zero;  // where a token takes over, by the largest field of the others: Activation::transition
};

/// sigma_l = phi(chi_l)/(Z0 + sum_m phi(chi_m)), uniform where that is 0/0. Sets info.normalised, which is Z0
/// = 0. With b = phi'/Z and c = phi''/Z: d sigma = diag(b) - sigma b^T, and for `curvature` e = c (u -
/// u.sigma), beta = b (u - u.sigma).
[[nodiscard]] std::shared_ptr<const Activation> kernel(ActivationInfo info, CurveOf phi,
                                                       const KernelShape& shape = {});

[[nodiscard]] Eigen::ArrayXd largest_of_others(const Batch& chi, int l);  // -inf for one token

[[nodiscard]] Curve logistic(const Batch& x);   // 1/(1 + exp(-x))
[[nodiscard]] Curve rectifier(const Batch& x);  // max(x, 0)

/// Throws InvalidInput for "name:parameter".
void refuse_parameter(const std::string& name, const std::string& parameter);

}  // namespace quenched
