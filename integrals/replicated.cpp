#include <gsl/gsl_cdf.h>

#include <cmath>

#include "rules.hpp"

namespace quenched::rules {

Outcome replicated(const Problem& problem, long largest,
                   const std::function<void(int replicate, long first, Batch& x)>& fill) {
  constexpr int replicates = 16;
  const double student = gsl_cdf_tdist_Pinv(0.995, replicates - 1);
  const int n = problem.outputs;
  Outcome out;
  Batch total = Batch::Zero(replicates, 3 * n);
  Eigen::ArrayXd s1, s2;  // half-widths at the two sizes before
  for (long done = 0, size = block; size <= largest && size * replicates <= problem.budget;
       done = size, size *= 2) {
    const long blocks = (size - done) / block;
    const Batch sums = block_sums(problem, blocks * replicates, [&](long b, Batch& x, Eigen::ArrayXd&) {
      fill(static_cast<int>(b / blocks), done + b % blocks * block, x);
    });
    for (long b = 0; b < sums.rows(); ++b) total.row(b / blocks) += sums.row(b);
    const Batch means = total / static_cast<double>(size);
    const Eigen::ArrayXd overall = means.colwise().mean();
    out.points = size * replicates;
    out.value = overall.head(n);
    out.magnitude = overall.segment(n, n);
    const Batch deviation = means.leftCols(n).rowwise() - out.value.transpose();
    Eigen::ArrayXd s =
        student * (deviation.square().colwise().sum() / (replicates * (replicates - 1))).sqrt();
    // Replicates that agree to the last bit although f varies: a step, in the same cell of every replicate.
    const Eigen::ArrayXd variance = overall.tail(n) - out.value.square();
    const Eigen::Array<bool, Eigen::Dynamic, 1> varies = variance > 1e-12 * overall.tail(n);
    if (done == 0) s1 = s2 = varies.select(4 * variance.abs().sqrt() / static_cast<double>(size), 0.0);
    s = (varies && s <= rounding(out.magnitude)).select(0.7 * s1, s);
    out.error = s.max(s1 / 2).max(s2 / 5) + rounding(out.magnitude);
    out.note = std::to_string(replicates) + " replicates of " + std::to_string(size);
    if (!out.finite() || (done > 0 && problem.met(out.value, out.error))) break;
    s2 = s1;
    s1 = s;
  }
  return out;
}

}  // namespace quenched::rules
