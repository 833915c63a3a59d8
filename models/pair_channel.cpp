#include <gsl/gsl_cdf.h>

#include <Eigen/LU>
#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <numbers>
#include <optional>
#include <quenched/parallel.hpp>
#include <quenched/vector_math.hpp>
#include <vector>

#include "channel.hpp"
#include "graded_panels.hpp"
#include "pair_line.hpp"

namespace quenched {
namespace {

constexpr double pair_reach = 7;  // standard deviations kept: a tail of 3e-12
constexpr double most_nodes = 1e5;

/// A scan with the law of c: eta = (c - mu)/sigma, density of delta up to c', T = t_1 - t_2.
struct Scan : PairScan {
  Eigen::ArrayXd eta, density, T;
};

/// A jump of the global proximal point, from one end to the other at one c.
struct Gap {
  double low, high;
};

/// Along a direction of d, at |n| = 1: c' = 1 - (r/radius)^2 + r^2 bend (x - delta)^2 near its minimum.
struct Birth {
  double delta, radius, bend;
};

/// Softmax-like attention over two tokens. Everything depends on d_l = y - w_l (two Gaussians) and on delta
/// only, and omega_1 - omega_2 is an explicit function c(delta), so the average over omega is taken over the
/// proximal point:
///     E F = E_d [ Int_R - sum over gaps Int_gap ] d delta N(c(delta)) c'(delta) F,
/// an analytic integrand on the whole line (trapezoid), and Gauss-Legendre on the gaps [low, high] that the
/// global minimum jumps over: common tangents of Phi + delta^2/(4 V_k).
class PairChannel final : public Channel {
 public:
  PairChannel(const Problem& problem, const Activation& activation, const ChannelOptions& options)
      : problem_(problem),
        activation_(activation),
        options_(options),
        scale_(std::pow(0.75, options.level)) {}

  std::string rule() const override {
    return "trapezoid over the proximal point, 3 dimensions, step " + std::to_string(scale_).substr(0, 4);
  }

  ChannelMeans means(const OrderParameters& o, Detail detail) override {
    const bool diagnostics = detail == Detail::responses;
    ChannelMeans m{sweep(o, scale_, diagnostics), {}};
    m.deviation = Batch::Zero(1, m.value.size());
    if (detail != Detail::means)
      m.deviation = refinement_deviation(m.value, sweep(o, 1.25 * scale_, diagnostics),
                                         sweep(o, 1.5625 * scale_, diagnostics));
    return m;
  }

 private:
  /// Per-node sums of every mean, so that the loops over nodes vectorise.
  using Sums = Eigen::ArrayXXd;

  struct Setting {
    OrderParameters o;
    DifferenceLaw law;
    PairNodes line;
    double slope, spread, step;         // y = slope zeta_1 + sqrt(spread) xi
    Eigen::Matrix<double, 3, 2> basis;  // (xi, zeta_1, zeta_2) given the two normals behind (d_1, d_2)
    Eigen::Matrix2d d_of_normals;
    bool diagnostics;
  };

  /// None where the line needs too many nodes.
  [[nodiscard]] std::optional<Setting> setting(const OrderParameters& o, double scale,
                                               bool diagnostics) const {
    const double root_q_v = std::sqrt(o.q_v), slope = o.q_v > 0 ? o.m_v / root_q_v : 0;
    const double spread = 1 - slope * slope + problem_.noise;
    const DifferenceLaw law(*problem_.task, o.m_k, o.q_k);
    // Beyond `far` the attention is saturated and c(delta) = delta.
    const double d_size = 1 + problem_.noise + o.q_v;
    const double far = 1 + std::log1p(2 * o.V_k * pair_reach * pair_reach * d_size);
    // A proximal point is within 2 V_k max|Phi'| of its field.
    const double moved = std::min(2 * o.V_k * pair_reach * pair_reach * d_size, far + std::abs(law.mu));
    const double low = law.mu - pair_reach * law.sigma - moved,
                 high = law.mu + pair_reach * law.sigma + moved;
    const double count = std::ceil((high - low) / (0.5 * scale * std::min(1.0, law.sigma / (1 + o.V_k / 2))));
    if (!(count < most_nodes)) return {};
    const auto n = static_cast<Eigen::Index>(count);
    const double inner = (high - low) / static_cast<double>(n);
    Setting set{o,
                law,
                PairNodes(activation_, Eigen::ArrayXd::LinSpaced(n + 1, low, high),
                          Eigen::ArrayXd::Constant(n + 1, inner)),
                slope,
                spread,
                0.45 * scale,
                {},
                {},
                diagnostics};
    Eigen::Matrix<double, 3, 2> A;  // d as a function of (xi, zeta_1, zeta_2), transposed
    A << std::sqrt(spread), std::sqrt(spread), slope - root_q_v, slope, 0, -root_q_v;
    set.basis.col(0) = A.col(0).normalized();
    set.basis.col(1) = (A.col(1) - set.basis.col(0).dot(A.col(1)) * set.basis.col(0)).normalized();
    set.d_of_normals = A.transpose() * set.basis;
    return set;
  }

  [[nodiscard]] Eigen::ArrayXd sweep(const OrderParameters& o, double scale, bool diagnostics) const {
    const std::optional<Setting> found = setting(o, scale, diagnostics);
    const int outputs = diagnostics ? all_means : fixed_point_means;
    if (!found) return Eigen::ArrayXd::Constant(outputs, unknown);
    const Setting& set = *found;
    const int rows = static_cast<int>(std::ceil(pair_reach / set.step));
    constexpr Eigen::Index usual = 2000;  // nodes of a line, whose work is not counted
    if (options_.work && set.line.size() > usual)
      options_.work->spend(double(rows) * rows * static_cast<double>(set.line.size()));  // 10 ns a node
    std::vector<Eigen::ArrayXd> parts(rows);
    parallel_for(rows, options_.threads, [&](int i) { parts[i] = row(set, (i + 0.5) * set.step); });
    Eigen::ArrayXd total = Eigen::ArrayXd::Zero(outputs);
    for (const Eigen::ArrayXd& part : parts) total += part;
    if (diagnostics) total += responses(set);
    set.law.fresh_sample(activation_, total[hit], total[power]);
    return total;
  }

  /// All n_2 at one n_1 > 0, doubled for -n_1: every mean is even under (y, w) -> -(y, w).
  [[nodiscard]] Eigen::ArrayXd row(const Setting& set, double n1) const {
    const int outputs = set.diagnostics ? all_means : fixed_point_means;
    Sums sums = Sums::Zero(set.line.size(), outputs);
    Eigen::ArrayXd corrections = Eigen::ArrayXd::Zero(outputs);
    Scan scan;
    const int columns = static_cast<int>(std::ceil(pair_reach / set.step));
    for (int j = -columns; j <= columns; ++j) {
      const Eigen::Vector2d n(n1, j * set.step);
      if (n.squaredNorm() > pair_reach * pair_reach) continue;
      const double outer = 2 * set.step * set.step * std::exp(-n.squaredNorm() / 2) / (2 * std::numbers::pi);
      const Eigen::Vector2d d = set.d_of_normals * n;
      evaluate(set, set.line, d, scan);
      add_smooth(set, set.line, scan, n, outer, sums);
      if (!folded(scan)) continue;
      Sums part;
      Scan local;
      for (const Gap& gap : find_gaps(set, d, scan)) {
        const auto [x, weights] = gauss_on(graded_panels(gap.low, gap.high, {}, [](double) { return 0.5; }));
        const PairNodes nodes(activation_, x, weights);
        part = Sums::Zero(nodes.size(), outputs);
        evaluate(set, nodes, d, local);
        add_smooth(set, nodes, local, n, outer, part);
        corrections -= part.colwise().sum().transpose();
      }
      if (set.diagnostics) corrections[competing] += outer * bistable(scan);
    }
    return corrections + sums.colwise().sum().transpose();
  }

  static bool folded(const Scan& scan) {
    return ((scan.c.tail(scan.c.size() - 1) - scan.c.head(scan.c.size() - 1)) <= 0).any();
  }
  [[nodiscard]] PairNodes ends(const Gap& gap) const {
    return {activation_, Eigen::Array2d(gap.low, gap.high), Eigen::Array2d(1, 1)};
  }

  static void evaluate(const Setting& set, const PairNodes& nodes, const Eigen::Vector2d& d, Scan& scan) {
    scan.evaluate(nodes, d, set.o.V_k, set.o.V_v);
    scan.eta = (scan.c - set.law.mu) / set.law.sigma;
    scan.density = -0.5 * scan.eta.square();
    vector_math::exp(scan.density, scan.density);
    scan.density *= nodes.weight * (1 / (set.law.sigma * std::sqrt(2 * std::numbers::pi)));
    set.law.apply(scan.eta, scan.density, scan.T);
  }

  /// Means that are smooth through the folds: they may be integrated over the whole line and corrected on the
  /// gaps.
  static void add_smooth(const Setting& set, const PairNodes& at, const Scan& scan, const Eigen::Vector2d& n,
                         double outer, Sums& sums) {
    const OrderParameters& o = set.o;
    const Eigen::Vector3d given = set.basis * n;  // E[(xi, zeta_1, zeta_2) | d]
    const double t_v = given[0] / std::sqrt(set.spread), root_q_v = std::sqrt(o.q_v);
    const double score_1 = root_q_v > 0 ? (given[1] - set.slope * t_v) / root_q_v : 0;
    const double score_2 = root_q_v > 0 ? given[2] / root_q_v : 0;
    const auto& p = at.p;
    const Eigen::ArrayXd mass = outer * scan.density * scan.c1, g = (at.delta - scan.c) / (2 * o.V_k);
    sums.col(mhat_k) += mass * g * scan.T;
    sums.col(qhat_k) += mass * 2 * g.square();
    sums.col(Vhat_k) -= mass * g * (scan.c - o.m_k * scan.T) / o.q_k;
    sums.col(mhat_v) += mass * p * scan.rho * t_v;
    sums.col(qhat_v) += mass * (p.square() + (1 - p).square()) * scan.rho.square();
    sums.col(Vhat_v) -= mass * scan.rho * (p * score_1 + (1 - p) * score_2);
    sums.col(rho_squared) += mass * scan.rho.square();
    if (!set.diagnostics) return;
    sums.col(pointwise_k) += outer * scan.density * (scan.c1 - 1) / o.V_k;
    sums.col(pointwise_v) +=
        outer * scan.density *
        (scan.c1 * (p.square() + (1 - p).square()) / scan.D - 2 * o.V_k * scan.moved_squared(at));
  }

  /// Jumps, and E|G_ab|^2 over the parts of the line that the global minimum visits, in polar coordinates of
  /// n. Where a fold is born, the average over delta diverges like |r - r*|^(-1/2); Phi grows like r^2 along
  /// a direction, so that the r* are known there and are substituted away.
  [[nodiscard]] Eigen::ArrayXd responses(const Setting& set) const {
    const int directions = static_cast<int>(std::ceil(10 / set.step));
    std::vector<Eigen::ArrayXd> parts(directions);
    parallel_for(directions, options_.threads, [&](int i) {
      const double angle = std::numbers::pi * (i + 0.5) / directions;
      parts[i] = along(set, {std::cos(angle), std::sin(angle)});
    });
    Eigen::ArrayXd total = Eigen::ArrayXd::Zero(all_means);
    for (const Eigen::ArrayXd& part : parts) total += part;
    return total / directions;
  }

  /// One direction, both signs: the mean over r of density r exp(-r^2/2).
  [[nodiscard]] Eigen::ArrayXd along(const Setting& set, const Eigen::Vector2d& direction) const {
    const std::vector<Birth> births = fold_births(set, set.d_of_normals * direction);
    std::vector<double> radii;
    radii.reserve(births.size());
    for (const Birth& birth : births) radii.push_back(birth.radius);
    Eigen::ArrayXd total = Eigen::ArrayXd::Zero(all_means);
    const int n = static_cast<int>(std::ceil(6 / set.step));
    for (const auto& [r, weight] : radial_rule(radii, pair_reach, n))
      total += weight * at_radius(set, r * (set.d_of_normals * direction), r, births);
    return total;
  }

  [[nodiscard]] Eigen::ArrayXd at_radius(const Setting& set, const Eigen::Vector2d& d, double r,
                                         const std::vector<Birth>& births) const {
    Scan scan;
    evaluate(set, set.line, d, scan);
    std::vector<Gap> gaps = folded(scan) ? find_gaps(set, d, scan) : std::vector<Gap>();
    std::vector<Anchor> anchors;
    for (const Birth& birth : births) {
      const double a = 1 - std::pow(r / birth.radius, 2), b = r * r * birth.bend;  // c' = a + b x^2
      const double x = std::sqrt(std::abs(a) / b), cell = set.line.weight[0];
      if (a > 0) {
        anchors.push_back({birth.delta, x / 2});
        continue;
      }
      // A young gap spans few nodes or none: from its cubic instead.
      const double half = std::numbers::sqrt3 * x;
      std::erase_if(gaps, [&](const Gap& g) {
        return half < 0.5 &&
               std::max(std::abs(g.low - birth.delta), std::abs(g.high - birth.delta)) < 2 * half + 2 * cell;
      });
      if (std::ranges::none_of(gaps,
                               [&](const Gap& g) { return g.low < birth.delta && birth.delta < g.high; }))
        gaps.push_back(tangent(set, d, {birth.delta - half, birth.delta + half}, std::max(half, 2 * cell)));
    }
    std::ranges::sort(gaps, {}, &Gap::low);
    Eigen::ArrayXd total = Eigen::ArrayXd::Zero(all_means);
    Scan local;
    for (const Gap& gap : gaps) {
      evaluate(set, ends(gap), d, local);
      total[jumps_k] += local.density[0] * (gap.high - gap.low) / set.o.V_k;
    }
    double from = set.line.delta[0];
    for (std::size_t g = 0; g <= gaps.size(); ++g) {
      const double to = g < gaps.size() ? gaps[g].low : set.line.delta[set.line.size() - 1];
      if (to > from) total += visited(set, d, scan, anchors, from, to);
      if (g < gaps.size()) from = std::max(from, gaps[g].high);
    }
    return total;
  }

  /// Every local minimum of c' that falls below 0 within reach.
  [[nodiscard]] std::vector<Birth> fold_births(const Setting& set, const Eigen::Vector2d& d) const {
    Scan scan, local;
    evaluate(set, set.line, d, scan);
    const auto slope = [&](double delta) {
      evaluate(set, PairNodes(activation_, Eigen::ArrayXd::Constant(1, delta), Eigen::ArrayXd::Ones(1)), d,
               local);
      return local.c1[0];
    };
    const Eigen::ArrayXd& x = set.line.delta;
    const double cell = set.line.weight[0], h = 0.1 * cell;
    std::vector<Birth> births;
    for (Eigen::Index i = 1; i + 1 < x.size(); ++i) {
      if (!(scan.c1[i] < 1 && scan.c1[i] <= scan.c1[i - 1] && scan.c1[i] < scan.c1[i + 1])) continue;
      const auto [delta, least] = boost::math::tools::brent_find_minima(slope, x[i - 1], x[i + 1], 40);
      const double radius = 1 / std::sqrt(1 - least);
      const double bend = (slope(delta + h) + slope(delta - h) - 2 * least) / (2 * h * h);
      if (radius < pair_reach && bend > 0) births.push_back({delta, radius, bend});
    }
    return births;
  }

  /// E|G_ab|^2 on [from, to], where c' > 0.
  [[nodiscard]] Eigen::ArrayXd visited(const Setting& set, const Eigen::Vector2d& d, const Scan& coarse,
                                       std::vector<Anchor> anchors, double from, double to) const {
    constexpr double narrow = 0.1, wide = 0.5, small_slope = 0.5, nothing = 1e-20, h = 1e-5;
    Scan scan;
    const Eigen::Array4d at(from, from + h, to - h, to);
    evaluate(set, PairNodes(activation_, at, Eigen::Array4d::Ones()), d, scan);
    const auto scale = [&](int end, int next) {
      return 0.5 * std::clamp(scan.c1[end] * h / std::abs(scan.c1[next] - scan.c1[end]), 1e-6, 1.0);
    };
    anchors.push_back({from, scale(0, 1)});
    anchors.push_back({to, scale(3, 2)});
    const double cell = set.line.weight[0], first = set.line.delta[0];
    const Eigen::Index last = coarse.c1.size() - 1;
    const auto index = [&](double x, int shift) {
      return std::clamp<Eigen::Index>(static_cast<Eigen::Index>((x - first) / cell) + shift, 0, last);
    };
    std::vector<Panel> panels = graded_panels(from, to, anchors, [&](double x) {
      const Eigen::Index low = index(x, -1), high = index(x + wide, 2);
      return coarse.c1.segment(low, high - low + 1).minCoeff() < small_slope ? narrow : wide;
    });
    std::erase_if(panels, [&](const Panel& panel) {  // judged with a cell to either side
      const Eigen::Index low = index(panel.from, -1), high = index(panel.to, 2);
      return coarse.density.segment(low, high - low + 1).maxCoeff() <= nothing;
    });
    Eigen::ArrayXd total = Eigen::ArrayXd::Zero(all_means);
    if (panels.empty()) return total;
    const auto [x, weights] = gauss_on(panels);
    const PairNodes nodes(activation_, x, weights);
    evaluate(set, nodes, d, scan);
    const double V_k = set.o.V_k;
    const Eigen::ArrayXd a2 = scan.moved_squared(nodes), sa = scan.moved_along_s(nodes),
                         power = PairScan::power(nodes), inverse = 1 / scan.c1;
    const auto mean = [&](const Eigen::ArrayXd& f) { return (scan.density * f).sum(); };
    total[G_kk] = mean((1 - scan.c1).square() * inverse) / (V_k * V_k);
    total[G_kv] = mean(2 * a2 * inverse);
    total[G_vv] = mean(scan.c1 * (power / scan.D).square() - 4 * V_k * sa.square() / scan.D +
                       4 * V_k * V_k * a2.square() * inverse);
    return total;
  }

  /// Edges of the lower convex hull of psi = Phi + delta^2/(4 V_k) that skip nodes, refined to the common
  /// tangent.
  [[nodiscard]] std::vector<Gap> find_gaps(const Setting& set, const Eigen::Vector2d& d,
                                           const Scan& scan) const {
    const Eigen::ArrayXd& x = set.line.delta;
    const Eigen::ArrayXd psi = scan.loss + x.square() / (4 * set.o.V_k);
    const std::vector<Eigen::Index> hull = lower_hull(x, psi);
    std::vector<Gap> gaps;
    for (std::size_t k = 1; k < hull.size(); ++k)
      if (hull[k] - hull[k - 1] > 1)
        gaps.push_back(tangent(set, d, {x[hull[k - 1]], x[hull[k]]}, 2 * set.line.weight[0]));
    return gaps;
  }

  /// Newton, no farther than `farthest`, on c(low) = c(high) and psi(high) - psi(low) = c (high - low)/(2
  /// V_k).
  [[nodiscard]] Gap tangent(const Setting& set, const Eigen::Vector2d& d, Gap gap, double farthest) const {
    const Gap bracket = gap;
    const double V2 = 2 * set.o.V_k;
    Scan scan;
    for (int iteration = 0; iteration < 20; ++iteration) {
      evaluate(set, ends(gap), d, scan);
      const double length = gap.high - gap.low, apart = scan.c[1] - scan.c[0];
      const double area = V2 * (scan.loss[1] - scan.loss[0]) + (gap.high * gap.high - gap.low * gap.low) / 2 -
                          scan.c[0] * length;
      // d area = -c'_low length d low + (c_high - c_low) d high; d apart = c'_high d high - c'_low d low.
      Eigen::Matrix2d J;
      J << -scan.c1[0], scan.c1[1], -scan.c1[0] * length, apart;
      const Eigen::Vector2d step = -J.inverse() * Eigen::Vector2d(apart, area);
      if (!step.allFinite()) return bracket;
      gap.low += step[0], gap.high += step[1];
      if (gap.low >= gap.high) return bracket;
      if (step.norm() < 1e-12) break;
    }
    // Near a cusp the gap is about a cell wide and its weight negligible.
    const double moved = std::max(std::abs(gap.low - bracket.low), std::abs(gap.high - bracket.high));
    return moved > farthest ? bracket : gap;
  }

  /// Probability that c lies between a local maximum and the next local minimum of c(delta).
  [[nodiscard]] static double bistable(const Scan& scan) {
    double probability = 0;
    for (Eigen::Index i = 1; i + 1 < scan.c.size(); ++i) {
      if (!(scan.c[i] >= scan.c[i - 1] && scan.c[i] > scan.c[i + 1])) continue;
      Eigen::Index j = i;
      while (j + 1 < scan.c.size() && scan.c[j + 1] < scan.c[j]) ++j;
      probability += gsl_cdf_ugaussian_P(scan.eta[i]) - gsl_cdf_ugaussian_P(scan.eta[j]);
    }
    return std::min(probability, 1.0);
  }

  Problem problem_;
  const Activation& activation_;
  ChannelOptions options_;
  double scale_;
};

}  // namespace

std::unique_ptr<Channel> pair_channel(const Problem& problem, const Activation& activation,
                                      const ChannelOptions& options) {
  return std::make_unique<PairChannel>(problem, activation, options);
}

}  // namespace quenched
