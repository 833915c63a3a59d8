#include <doctest/doctest.h>

#include "minimum_search.hpp"

using namespace quenched;

TEST_CASE(
    "the multistart misses at most 0.4 percent of the global minima that random starts find, where several "
    "compete") {
  const OrderParameters jumping{0.86, 1.36, 2.5, 1.07, 1.26, 0.5}, wide{0.8, 2, 12, 1.05, 1.5, 1};
  for (const auto& o : {jumping, wide})
    for (const int L : {3, 5}) {
      CAPTURE(o.V_k);
      CAPTURE(L);
      const MissedMinima m = missed_minima(*make_activation("softmax"), L, o, 2, 0.1, 1024, 20, 3);
      CHECK(m.missed <= 4);
      CHECK(m.loss < 1e-4);
      if (o.V_k > 10) CHECK(m.bistable > 10);
    }
  CHECK(missed_minima(*make_activation("linear"), 3, wide, 2, 0.1, 512, 20, 3).bistable ==
        0);  // provably one minimum
}
