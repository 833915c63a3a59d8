#pragma once
#include <quenched/activation.hpp>
#include <quenched/curve.hpp>
#include <quenched/invalid_input.hpp>

namespace quenched {

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

/// sigma_l = phi(chi_l)/(Z0 + sum_m phi(chi_m)), uniform where that is 0/0; phi may come with a scale where
/// Z0 = 0. Sets info.normalised, which is Z0 = 0, and info.scale_invariant. With b = phi'/Z and c = phi''/Z: d sigma = diag(b) - sigma
/// b^T, and for `curvature` e = c (u - u.sigma), beta = b (u - u.sigma).
[[nodiscard]] std::shared_ptr<const Activation> kernel(ActivationInfo info, CurveOf phi,
                                                       const KernelShape& shape = {});

/// sigma = softmax(slope chi), slope != 0. Sets all properties.
[[nodiscard]] std::shared_ptr<const Activation> softmax_of_slope(ActivationInfo info, double slope);

[[nodiscard]] Eigen::ArrayXd largest_of_others(const Batch& chi, int l);  // -inf for one token

[[nodiscard]] Curve logistic(const Batch& x);   // 1/(1 + exp(-x))
[[nodiscard]] Curve rectifier(const Batch& x);  // max(x, 0)

/// Of the activation that a user called `name`, shortened where it is long.
[[nodiscard]] InvalidInput activation_refusal(const std::string& name, const std::string& why);
/// The parameter of "name:parameter"; throws InvalidInput unless it is a finite number.
[[nodiscard]] double number_in(const std::string& name, const std::string& parameter);
/// Throws InvalidInput for "name:parameter".
void refuse_parameter(const std::string& name, const std::string& parameter);

}  // namespace quenched
