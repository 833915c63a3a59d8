#include <algorithm>
#include <cmath>

#include "rules.hpp"

namespace quenched::rules {
namespace {

/// Points of a list of grids, numbered through.
class Enumeration {
 public:
  explicit Enumeration(const Level& level) : level_(level) {
    for (const TensorGrid& grid : level) {
      first_.push_back(count_);
      count_ += grid.points();
    }
  }
  [[nodiscard]] long count() const { return count_; }

  void fill(long b, Batch& x, Eigen::ArrayXd& w) const {
    const long first = b * block, rows = std::min<long>(block, count_ - first);
    if (x.rows() != rows) x.resize(rows, x.cols()), w.resize(rows);
    auto g =
        static_cast<std::size_t>(std::upper_bound(first_.begin(), first_.end(), first) - first_.begin() - 1);
    std::vector<long> index = digits(g, first - first_[g]);
    for (long i = 0; i < rows; ++i) {
      if (g + 1 < first_.size() && first + i == first_[g + 1]) index = digits(++g, 0);
      const TensorGrid& grid = level_[g];
      w[i] = grid.coefficient;
      for (std::size_t a = 0; a < grid.axes.size(); ++a) {
        x(i, static_cast<long>(a)) = grid.axes[a]->x[index[a]];
        w[i] *= grid.axes[a]->w[index[a]];
      }
      for (std::size_t a = 0; a < index.size() && ++index[a] == grid.axes[a]->x.size(); ++a) index[a] = 0;
    }
  }

 private:
  [[nodiscard]] std::vector<long> digits(std::size_t g, long point) const {
    std::vector<long> index;
    for (const auto& axis : level_[g].axes) {
      index.push_back(point % axis->x.size());
      point /= axis->x.size();
    }
    return index;
  }

  const Level& level_;
  std::vector<long> first_;
  long count_ = 0;
};

}  // namespace

long TensorGrid::points() const {
  long n = 1;
  for (const auto& axis : axes) n = n > (1L << 40) ? n : n * axis->x.size();
  return n;
}

Outcome refine(const Problem& problem, const std::function<Level(int)>& level) {
  Outcome out;
  Eigen::ArrayXd d1, d2;  // the two differences before the last
  for (int k = 0;; ++k) {
    const Level grids = level(k);
    const Enumeration points(grids);
    if (grids.empty() || out.points + points.count() > problem.budget) break;
    const Batch sums = block_sums(problem, (points.count() + block - 1) / block,
                                  [&](long b, Batch& x, Eigen::ArrayXd& w) { points.fill(b, x, w); });
    const Eigen::ArrayXd total = sums.colwise().sum();
    const Eigen::ArrayXd value = total.head(problem.outputs);
    out.magnitude = total.segment(problem.outputs, problem.outputs);
    out.points += points.count();
    const Eigen::ArrayXd d = k > 0 ? (value - out.value).abs().eval() : value;
    out.value = value;
    out.error = Eigen::ArrayXd::Constant(problem.outputs, INFINITY);
    if (k >= 3) {
      const Eigen::ArrayXd expected = (d > d1 / 4).select(d1, (d1 / 4).min(d1.square() / d2.max(1e-300)));
      const Eigen::ArrayXd r = (d / d2.max(1e-300)).sqrt().min(0.9);
      out.error = 2 * d.max(expected) * (r / (1 - r)).max(1.0) + rounding(out.magnitude);
      if (problem.met(out.value, out.error)) break;
    }
    if (!value.allFinite()) break;
    d2 = d1;
    d1 = d;
  }
  return out;
}

}  // namespace quenched::rules
