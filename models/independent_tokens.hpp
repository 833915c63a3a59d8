#pragma once
#include <quenched/task.hpp>

namespace quenched {

// Averages of softmax(a) over tokens that are independent given the label, for every prompt length at the
// price of one: softmax(a)_eps = P(argmax_l a_l + G_l = eps), so E softmax(a)_eps = Int f_eps(x) F(x)^(L-1)
// dx with F the CDF of a_l + G_l, l != eps, and f_eps the density of a_eps + G_eps (docs/equations.md,
// section 6). Plain trapezoid rules; `resolution` divides every step (1: about 1e-8): the change with it is
// the error.

/// V_v + Delta, kept above 1e-16, which stands for perfect recovery, q_v = 1 at Delta = 0.
[[nodiscard]] double label_variance(const Problem& problem, double q_v);

/// What the Bayes-optimal equations of the spiked task need (section 4), at order parameters q_k, q_v.
/// a_l = sqrt(nu) omega_l - t_l^2/2, t_l = (y - w_l)/sqrt(s), s = 1 - q_v + Delta, p = softmax(a).
struct LabelledTokens {
  double hit = 0;      // E p_eps = E|p|^2
  double hit_t2 = 0;   // E p_eps t_eps^2 = E sum_l p_l^2 t_l^2
  double log_sum = 0;  // E log((1/L) sum_l exp(a_l))
};

/// Needs 0 <= q_k < 1 and 0 <= q_v <= 1. Cost: about 3 ms at resolution 1 on one core, times
/// resolution^3.
[[nodiscard]] LabelledTokens labelled_tokens(double nu, const Problem& problem, double q_k, double q_v,
                                             double resolution, bool with_log_sum, int threads);

/// E[1 - p_eps] = E[1 - |p|^2] for p = softmax(c chi*), chi*_eps ~ N(c, 1), the others N(0, 1): the softmax
/// of the spiked task at strength c = sqrt(nu), without cancellation. Cost: about 1 ms.
[[nodiscard]] double spiked_gap(double c, const LengthLaw& lengths, double resolution = 1);

/// Its logarithm, also where the gap itself is below the range of a double, up to c^2 = 5000; -inf where no
/// prompt has a second token.
[[nodiscard]] double log_spiked_gap(double c, const LengthLaw& lengths, double resolution = 1);

/// E[1 - |p|^2] for p = softmax(nu chi), chi ~ N(0, I_L): L (L - 1) Int k(x)^2 K(x)^(L-2) dx with k, K the
/// density and the CDF of nu Z + G; 0 at nu = infinity.
[[nodiscard]] double max_gap(double nu, const LengthLaw& lengths, double resolution = 1);

}  // namespace quenched
