#include <algorithm>
#include <iterator>

#include "rules.hpp"

namespace quenched::rules {
namespace {

/// Calls visit(l) for every l in {0, 1, ...}^d with |l| = sum.
void for_each_composition(int d, int sum, const std::function<void(const std::vector<int>&)>& visit) {
  std::vector<int> l(static_cast<std::size_t>(d));
  const std::function<void(int, int)> place = [&](int axis, int rest) {
    if (axis == d - 1) {
      l.back() = rest;
      visit(l);
      return;
    }
    for (l[axis] = 0; l[axis] <= rest; ++l[axis]) place(axis + 1, rest - l[axis]);
  };
  place(0, sum);
}

/// Smolyak's rule by the combination technique, exact for total degree 2 L + 1:
///     sum over s = max(0, L - d + 1)..L of (-1)^(L - s) binomial(d - 1, L - s) sum over |l| = s of U_l1 x ..
///     x U_ld
/// with U_l the Gauss-Hermite rule of 2 l + 1 nodes. Empty when it has more than `budget` points.
Level smolyak(int d, int L, long budget) {
  std::vector<std::shared_ptr<const Nodes>> rule;
  for (int l = 0; l <= L; ++l) rule.push_back(hermite_nodes(2 * l + 1));
  Level level;
  long points = 0;
  double coefficient = 1;  // (-1)^t binomial(d - 1, t)
  for (int t = 0; t <= std::min(L, d - 1) && points <= budget; ++t) {
    for_each_composition(d, L - t, [&](const std::vector<int>& l) {
      if (points > budget) return;
      TensorGrid grid{coefficient, {}};
      for (const int i : l) grid.axes.push_back(rule[i]);
      points += grid.points();
      level.push_back(std::move(grid));
    });
    coefficient *= -static_cast<double>(d - 1 - t) / (t + 1);
  }
  return points <= budget ? level : Level{};
}

}  // namespace

Outcome sparse_grid(const Problem& problem) {
  constexpr int levels[] = {1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 29, 40};
  int last = 0;
  Outcome out = refine(problem, [&](int k) {
    Level level = k < std::ssize(levels) ? smolyak(problem.d, levels[k], problem.budget) : Level{};
    if (!level.empty()) last = levels[k];
    return level;
  });
  out.note = "level " + std::to_string(last);
  return out;
}

}  // namespace quenched::rules
