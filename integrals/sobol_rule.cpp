#include "rules.hpp"
#include "sobol.hpp"

namespace quenched::rules {

Outcome sobol(const Problem& problem) {
  const ScrambledSobol sequence(problem.d, problem.options.seed);
  return replicated(problem, 1L << 26, [&](int replicate, long first, Batch& x) {
    for (int d = 0; d < problem.d; ++d) sequence.fill(replicate, d, first, x.rows(), x.col(d).data());
  });
}

}  // namespace quenched::rules
