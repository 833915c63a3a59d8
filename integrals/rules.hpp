#pragma once
#include <functional>
#include <memory>
#include <quenched/expectation.hpp>
#include <vector>

/// What the rules behind expectation() share.
namespace quenched::rules {

constexpr int block = 64;  // points a call of the integrand
constexpr int largest_lattice_dimension = 50;

struct Problem {
  int d, outputs;
  const Integrand& f;
  const ExpectationOptions& options;
  long budget;  // points this rule may use

  [[nodiscard]] Eigen::ArrayXd tolerance(const Eigen::ArrayXd& value) const {
    return (options.relative * value.abs()).max(options.absolute);
  }
  [[nodiscard]] bool met(const Eigen::ArrayXd& value, const Eigen::ArrayXd& error) const {
    return (error <= tolerance(value)).all();
  }
};

/// What a rule returns. `magnitude` is the rule's sum of |weight f|: E|f| for positive weights.
struct Outcome {
  Eigen::ArrayXd value, error, magnitude;
  long points = 0;
  std::string note;

  [[nodiscard]] bool finite() const { return value.size() > 0 && value.allFinite() && error.allFinite(); }
};

/// Rounding error of a sum of terms of total size `magnitude`.
[[nodiscard]] inline Eigen::ArrayXd rounding(const Eigen::ArrayXd& magnitude) { return 1e-15 * magnitude; }

/// Sums of w f, |w f| and w f^2 over each of `blocks` blocks, one row a block: outputs columns of the first,
/// then of the second and of the third. fill(b, x, w) gives the points and weights of block b; it may shorten
/// x and w.
[[nodiscard]] Batch block_sums(const Problem& problem, long blocks,
                               const std::function<void(long b, Batch& x, Eigen::ArrayXd& w)>& fill);

struct Nodes {
  Eigen::ArrayXd x, w;
};
/// Gauss-Hermite nodes for N(0, 1), weights summing to 1, exact for degree 2 n - 1. Cost: O(n^2).
[[nodiscard]] std::shared_ptr<const Nodes> hermite_nodes(int n);

/// Irregular numbers in (-1/2, 1/2), one an axis: moving every second level of a rule by them keeps nodes
/// that are symmetric about 0 from agreeing on a wrong value for a step or kink close to 0.
[[nodiscard]] inline double irregular(int axis) {
  const double golden = 0.6180339887498949 * (axis + 1);
  return golden - static_cast<double>(static_cast<long>(golden)) - 0.5;
}

/// coefficient * (product rule of the axes).
struct TensorGrid {
  double coefficient = 1;
  std::vector<std::shared_ptr<const Nodes>> axes;
  [[nodiscard]] long points() const;
};
using Level = std::vector<TensorGrid>;

/// Runs level(0), level(1), ... until the differences d_k of successive results meet the tolerance, the next
/// level would pass the budget, or a level is empty. The error is the last difference, not trusted to be
/// lucky:
///     2 max(d_k, e_k) max(1, r / (1 - r)),   r = sqrt(d_k / d_{k-2}) <= 0.9,
///     e_k = d_{k-1} while the differences fall by less than 4, else min(d_{k-1} / 4, d_{k-1}^2 / d_{k-2}),
/// so that one accidental agreement is not enough and slow convergence, algebraic in a size that grows by a
/// factor a level, is extrapolated.
[[nodiscard]] Outcome refine(const Problem& problem, const std::function<Level(int)>& level);

/// Means over 16 independent randomisations, sizes doubled from 64 to `largest`. The error is Student's 99 %
/// half-width s_k, but at least s_{k-1} / 2 and s_{k-2} / 5: one lucky size is not enough. fill(replicate,
/// first, x) gives rows first.. of a sequence whose first 2^k points are a good set.
[[nodiscard]] Outcome replicated(const Problem& problem, long largest,
                                 const std::function<void(int replicate, long first, Batch& x)>& fill);

[[nodiscard]] Outcome gauss_hermite(const Problem& problem);
[[nodiscard]] Outcome trapezoid(const Problem& problem);
[[nodiscard]] Outcome sparse_grid(const Problem& problem);
[[nodiscard]] Outcome adaptive(const Problem& problem);
[[nodiscard]] Outcome sobol(const Problem& problem);
[[nodiscard]] Outcome lattice(const Problem& problem);

/// The safety sample: E f and E|f| by importance sampling from equal parts of N(0, tau^2 I) for four tau >= 1
/// and, where the largest |f| density found by climbing lies far out, of N(there, I); with standard errors
/// from 8 independent replicates. It sees far tails and far-off peaks that points spread like N(0, I) miss.
struct Probe {
  Eigen::ArrayXd value, value_se, magnitude, magnitude_se;
  long points = 0;
};
[[nodiscard]] Probe probe(const Problem& problem, int points);

}  // namespace quenched::rules
