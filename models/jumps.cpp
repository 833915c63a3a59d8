#include "jumps.hpp"

#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>
#include <tuple>

#include "global_proximal.hpp"

namespace quenched {
namespace {

constexpr int line_replicates = 16, line_nodes = 32, halvings = 12;
constexpr double line_reach = 5;  // standard deviations: a tail of 6e-7

/// A sample's line: the normal behind omega_l runs over [-line_reach, line_reach], everything else stays.
struct Line {
  Batch normals;  // line_nodes x L
  Eigen::ArrayXd y;
  Batch w;
};

/// The sum over the jumps of chi_l along the line of density times height, weighted by the law of the fields.
class LineJumps {
 public:
  LineJumps(const Problem& problem, const Activation& activation, const OrderParameters& o, int l,
            WorkLimit* work)
      : task_(*problem.task), activation_(activation), o_(o), l_(l), work_(work) {}

  double operator()(const Line& line) const {
    const auto L = static_cast<int>(line.w.cols());
    FieldLaw law;
    task_.fields(o_.m_k, o_.q_k, line.normals, law);
    GlobalProximal at(activation_, L, o_, work_);
    at.minimise(law.omega, line.y, line.w);
    const Eigen::ArrayXd chi = at.best.x.col(l_), omega = law.omega.col(l_);
    // chi_l never decreases: it is the slope of a convex function of omega_l. Jumps between flats are small.
    const bool smooth = activation_.info().smooth;
    const double excess = smooth ? 0.1 : 0, usual = smooth ? 1.5 : 1.02;
    std::vector<Eigen::Index> steep;
    for (Eigen::Index i = 0; i + 1 < line_nodes; ++i)
      if (chi[i + 1] - chi[i] > excess + usual * (omega[i + 1] - omega[i])) steep.push_back(i);
    return steep.empty() ? 0 : heights(line, at.best.x, steep);
  }

 private:
  /// Halves each steep interval on the side where chi moves most: a slope shrinks with it, a jump stays.
  [[nodiscard]] double heights(const Line& line, const Batch& x,
                               const std::vector<Eigen::Index>& steep) const {
    const auto count = static_cast<Eigen::Index>(steep.size());
    const std::vector<Eigen::Index> next = [&] {
      auto n = steep;
      for (Eigen::Index& i : n) ++i;
      return n;
    }();
    Batch low = x(steep, Eigen::all), high = x(next, Eigen::all), middle = line.normals(steep, Eigen::all);
    Eigen::ArrayXd left = line.normals(steep, l_), right = line.normals(next, l_);
    const Eigen::ArrayXd first = high.col(l_) - low.col(l_), y = line.y.head(count);
    const Batch w = line.w.topRows(count);
    FieldLaw law;
    GlobalProximal below(activation_, static_cast<int>(w.cols()), o_, work_), above = below;
    for (int halving = 0; halving < halvings; ++halving) {
      middle.col(l_) = (left + right) / 2;
      task_.fields(o_.m_k, o_.q_k, middle, law);
      below.minimise(law.omega, y, w, &low);
      above.minimise(law.omega, y, w, &high);
      for (Eigen::Index i = 0; i < count; ++i) {
        const auto lowest =
            below.best.value[i] <= above.best.value[i] ? below.best.x.row(i) : above.best.x.row(i);
        const bool in_lower_half = lowest[l_] - low(i, l_) > high(i, l_) - lowest[l_];
        if (in_lower_half)
          high.row(i) = lowest, right[i] = middle(i, l_);
        else
          low.row(i) = lowest, left[i] = middle(i, l_);
      }
    }
    double sum = 0;
    for (Eigen::Index i = 0; i < count; ++i) {
      const double height = high(i, l_) - low(i, l_), eta = middle(i, l_);
      if (height > 0.1 * first[i]) sum += height * law.weight[i] * std::exp(-eta * eta / 2);
    }
    return sum / std::sqrt(2 * std::numbers::pi * o_.q_k);
  }

  const Task& task_;
  const Activation& activation_;
  OrderParameters o_;
  int l_;
  WorkLimit* work_;
};

}  // namespace

void add_jumps(ChannelMeans& means, const Problem& problem, const Activation& activation, int tokens,
               const OrderParameters& o, int lines, const ChannelOptions& options) {
  const bool unique = !activation.info().folds && tokens > 1;
  if (unique || o.q_k <= 0) return;
  const PointSet points =
      scrambled_sobol(1 + 2 * tokens, lines, line_replicates, options.seed + 7, options.threads);
  const double root_q_v = std::sqrt(o.q_v), slope = o.q_v > 0 ? o.m_v / root_q_v : 0;
  const double spread = std::sqrt(1 - slope * slope + problem.noise);
  Batch each = Batch::Zero(lines, line_replicates);
  const auto follow = [&](int from, int to) {
    parallel_for((to - from) * line_replicates, options.threads, [&](int task) {
      const int i = from + task % (to - from), r = task / (to - from);
      const Eigen::ArrayXXd n = points.normals.row(static_cast<Eigen::Index>(r) * lines + i);
      Line line;
      line.w = (root_q_v * n.middleCols(1, tokens)).replicate(line_nodes, 1);
      line.y = Eigen::ArrayXd::Constant(line_nodes, slope * n(0, 1) + spread * n(0, 0));
      double sum = 0;
      for (int l = 0; l < std::min(2, tokens); ++l) {  // the tokens that are not eps are exchangeable
        line.normals = n.rightCols(tokens).replicate(line_nodes, 1);
        line.normals.col(l) = Eigen::ArrayXd::LinSpaced(line_nodes, -line_reach, line_reach);
        sum += (l == 0 ? 1 : tokens - 1) * LineJumps(problem, activation, o, l, options.work.get())(line);
      }
      each(i, r) = sum / o.V_k;
    });
    const Eigen::ArrayXd mean = each.topRows(to).colwise().mean().transpose();
    return std::pair(mean.mean(), replicate_deviations(mean).matrix().norm());
  };
  const int few = std::max(std::min(lines, 16), lines / 4);
  auto [jumps, error] = follow(0, few);
  constexpr double clear = 0.005;  // of Vhat_k: no verdict turns on less
  const bool settled =
      jumps + error < clear * means.value[Vhat_k] && (jumps > 0 || means.value[competing] == 0);
  if (!settled && few < lines) std::tie(jumps, error) = follow(few, lines);
  means.value[jumps_k] = jumps;
  means.deviation.conservativeResizeLike(Batch::Zero(means.deviation.rows() + 1, means.deviation.cols()));
  means.deviation(means.deviation.rows() - 1, jumps_k) = error;
}

}  // namespace quenched
