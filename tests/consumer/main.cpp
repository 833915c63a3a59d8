#include <cmath>
#include <cstdio>
#include <quenched/erm.hpp>
#include <quenched/simulate.hpp>

/// L = 1 is ridge regression: softmax of one token is 1, and v solves a ridge problem in closed form.
int main() {
  const quenched::Problem problem{quenched::make_task("spiked", 2), {{1, 1.0}}, 0.1};
  const auto softmax = quenched::make_activation("softmax");
  const auto theory = quenched::erm(problem, *softmax, 2, 0.5, 0.5);
  const auto found = quenched::simulate({.problem = problem,
                                         .activation = softmax,
                                         .dimension = 100,
                                         .alpha = 2,
                                         .ridge_k = 0.5,
                                         .ridge_v = 0.5,
                                         .seeds = 2,
                                         .threads = 1});
  std::printf("V_v %.6f, simulated m_v %.3f\n", theory.overlaps.V_v, found.mean.m_v);
  const bool right =
      std::abs(theory.overlaps.V_v - 0.561553) < 1e-4 && std::abs(found.mean.m_v - 0.7192) < 0.2;
  return right ? 0 : 1;
}
