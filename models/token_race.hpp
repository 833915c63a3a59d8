#pragma once
#include <optional>
#include <quenched/batch.hpp>

#include "quintic_table.hpp"

namespace quenched {

/// S_eps(A) = P(eps = argmax_l A_l + s Z_l + G_l), Z standard normal, G standard Gumbel (`gumbel` false: G =
/// 0), that is E softmax(A + s Z)_eps, in one dimension (docs/equations.md, section 4):
///     S_eps = Int g(x - A_eps) prod_l K(x - A_l) dx,   K = CDF of s Z + G,  g = K'/K,
///     dS_eps/dA_l = -Int g(x - A_eps) g(x - A_l) prod K dx  (l != eps);  the row sums to 0.
/// log K and g are tabulated once, with piecewise quintics; the nodes x of the trapezoid rule fall at one and
/// the same place of a table cell for a given token, so that a token costs one polynomial with shared
/// argument.
class TokenRace {
 public:
  /// A table for L tokens, for sums to ten times this relative accuracy. Needs s >= 0 (s > 0 without Gumbel).
  /// Cost: below 1 ms.
  TokenRace(double s, bool gumbel, int L, double accuracy = 1e-13);

  /// log S_eps and its gradient in A for the first `wanted` tokens eps: column eps * L + l is d log S_eps/d
  /// A_l. Relative error of S_eps (at accuracy 1e-13) below 1e-9 where S_eps > 1e-6, 1e-7 where S_eps >
  /// 1e-12; log S_eps stays above -700. Cost: 0.3 us (without Gumbel) to 0.6 us a point at L = 3, growing
  /// like L wanted.
  void wins(const Batch& A, int wanted, Batch& log_S, Batch& gradient) const;

 private:
  double step_, left_;
  int nodes_ = 0;
  std::optional<QuinticTable> log_K_and_g_;
};

}  // namespace quenched
