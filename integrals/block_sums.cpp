#include <algorithm>
#include <quenched/parallel.hpp>

#include "rules.hpp"

namespace quenched::rules {

Batch block_sums(const Problem& problem, long blocks,
                 const std::function<void(long b, Batch& x, Eigen::ArrayXd& w)>& fill) {
  constexpr long chunk = 8, serial = 32;  // blocks a thread takes at a time; too few to start threads for
  const int outputs = problem.outputs, chunks = static_cast<int>((blocks + chunk - 1) / chunk);
  Batch sums(blocks, 3 * outputs);
  parallel_for(chunks, blocks <= serial ? 1 : problem.options.threads, [&](int c) {
    Batch x(block, problem.d), f(block, outputs);
    Eigen::ArrayXd w = Eigen::ArrayXd::Ones(block);
    for (long b = c * chunk; b < std::min(blocks, (c + 1) * chunk); ++b) {
      fill(b, x, w);
      if (f.rows() != x.rows()) f.resize(x.rows(), outputs);
      problem.f(x, f);
      for (int j = 0; j < outputs; ++j) {
        const Eigen::ArrayXd terms = w * f.col(j);
        sums(b, j) = terms.sum();
        sums(b, outputs + j) = terms.abs().sum();
        sums(b, 2 * outputs + j) = (terms * f.col(j)).sum();
      }
    }
  });
  return sums;
}

}  // namespace quenched::rules
