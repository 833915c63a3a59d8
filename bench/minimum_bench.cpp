// How often the multistart of the sampled rule misses the global proximal point, against Newton from 100
// random starts a sample.
#include <cmath>
#include <cstdio>

#include "minimum_search.hpp"

using namespace quenched;

int main() {
  struct Row {
    const char* activation;
    int L;
    OrderParameters o;
  };
  // From a smooth point, through one with jumps, to the wide proximal steps of a small ridge.
  const OrderParameters smooth{0.57, 0.64, 1.08, 0.92, 1.03, 0.6}, jumping{0.86, 1.36, 2.5, 1.07, 1.26, 0.5},
      wide{0.8, 2, 12, 1.05, 1.5, 1}, widest{0.3, 1.9, 40, 1, 2.5, 3};
  std::printf(
      "| activation | L | V_k, V_v | samples | with several minima | missed | mean of h missed "
      "|\n|---|---|---|---|---|---|---|\n");
  for (const auto& [activation, L, o] : {Row{"softmax", 2, smooth},
                                         {"softmax", 2, wide},
                                         {"softmax", 3, smooth},
                                         {"softmax", 3, jumping},
                                         {"softmax", 3, wide},
                                         {"softmax", 3, widest},
                                         {"softmax", 5, wide},
                                         {"softmax", 8, wide},
                                         {"softmax-1", 3, wide},
                                         {"softplus", 3, wide},
                                         {"erf:-1", 3, wide},
                                         {"linear", 3, wide}}) {
    const MissedMinima m = missed_minima(*make_activation(activation), L, o, 2, 0.1, 4096, 100, 1);
    std::printf("| %s | %d | %g, %g | %d | %.2f %% | %.3f %% | %.1e |\n", activation, L, o.V_k, o.V_v,
                m.samples, 100.0 * m.bistable / m.samples, 100.0 * m.missed / m.samples, m.loss);
    std::fflush(stdout);
  }
}
