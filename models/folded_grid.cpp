#include "folded_grid.hpp"

#include <algorithm>
#include <quenched/parallel.hpp>

namespace quenched {

using Eigen::ArrayXd;
using Eigen::Index;

Index place_of(const FoldedGrid::Place& at, const FoldedGrid::Place& sizes) {
  Index n = 0;
  for (std::size_t a = 5; a-- > 0;) n = n * sizes[a] + at[a];
  return n;
}

Index product(const FoldedGrid::Place& sizes, std::size_t from, std::size_t to) {
  Index n = 1;
  for (std::size_t a = from; a < to; ++a) n *= sizes[a];
  return n;
}

FoldedGrid::FoldedGrid(const std::array<ConvolutionAxis, 5>& axes, Index ends_) : axis(axes), ends(ends_) {
  for (std::size_t a = 0; a < 5; ++a) {
    const bool whole = a < 3;
    outer[a] = whole ? axis[a].outer.size() : axis[a].outer.size() / 2 + ends;
    inner[a] = outer[a] + axis[a].kernel.size() - 1;
    quarter[a] = whole ? inner[a] : axis[a].inner.size() / 2;
  }
}

std::vector<FoldedGrid::Place> FoldedGrid::weighty(double reach) const {
  // Squared distances of every node from the nearest outer one that it is averaged into, in standard
  // deviations, and by how much less with the ends.
  std::array<ArrayXd, 5> squared, gain;
  for (std::size_t a = 0; a < 5; ++a) {
    const auto beyond = [&](Index steps) -> ArrayXd {
      return ((axis[a].inner.abs() - static_cast<double>(steps) * axis[a].step).max(0) / axis[a].sigma)
          .square();
    };
    const Index pad = axis[a].kernel.size() / 2;
    squared[a] = beyond(pad), gain[a] = squared[a] - beyond(pad + ends);
  }
  std::vector<Place> nodes;
  Place at{};
  const auto visit = [&](const auto& self, std::size_t a, double distance, double most) -> void {
    for (at[a] = 0; at[a] < quarter[a]; ++at[a]) {
      const double further = distance + squared[a][at[a]], less = std::max(most, gain[a][at[a]]);
      if (a > 0)
        self(self, a - 1, further, less);
      else if (further - less <= reach * reach)
        nodes.push_back(at);
    }
  };
  visit(visit, 4, 0, 0);
  return nodes;
}

void FoldedGrid::expand(const std::vector<Place>& nodes, const Eigen::ArrayXXd& values, Index column,
                        const Symmetry& symmetry, ArrayXd& on_grid) const {
  on_grid.setZero(product(inner));
  for (const bool exchange : {false, true})
    for (const bool sign : {false, true}) {
      const double factor = (sign ? symmetry.sign : 1) * (exchange ? symmetry.exchange : 1);
      const double* from = values.col(exchange ? symmetry.exchanged : column).data();
      const std::array<bool, 5> mirrored = {false, exchange, sign, sign, sign != exchange};
      for (std::size_t p = 0; p < nodes.size(); ++p) {
        Place at = nodes[p];
        bool kept = true;
        for (std::size_t a = 0; a < 5; ++a) {
          if (mirrored[a]) at[a] = axis[a].inner.size() - 1 - at[a];
          kept = kept && at[a] < inner[a];
        }
        if (kept) on_grid[place_of(at, inner)] = factor * from[p];
      }
    }
}

void FoldedGrid::average(Kernel kernel, int threads, ArrayXd& f, ArrayXd& spare) const {
  for (std::size_t a = 5; a-- > 0;) {
    const Index stride = product(inner, 0, a), repeats = product(outer, a + 1), in = stride * inner[a],
                out = stride * outer[a];
    const ArrayXd& weights = axis[a].*kernel;
    spare.resize(out * repeats);
    constexpr int slices = 64;  // of the repeats, or where they are few of each
    parallel_for(slices, threads, [&](int slice) {
      const auto share = [&](Index n, int s) { return n * s / slices; };
      const bool by_repeat = repeats >= slices;
      const Index r_begin = by_repeat ? share(repeats, slice) : 0,
                  r_end = by_repeat ? share(repeats, slice + 1) : repeats;
      const Index begin = by_repeat ? 0 : share(out, slice), end = by_repeat ? out : share(out, slice + 1);
      for (Index r = r_begin; r < r_end; ++r)
        convolve(end - begin, weights.size(), stride, weights.data(), f.data() + r * in + begin,
                 spare.data() + r * out + begin);
    });
    f.swap(spare);
  }
}

}  // namespace quenched
