#include <gsl/gsl_cdf.h>

#include <Eigen/LU>
#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>
#include <quenched/vector_math.hpp>
#include <vector>

#include "channel.hpp"
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

  [[nodiscard]] Eigen::ArrayXd sweep(const OrderParameters& o, double scale, bool diagnostics) const {
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
    if (!(count < most_nodes))
      return Eigen::ArrayXd::Constant(diagnostics ? all_means : fixed_point_means, unknown);
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
    const int rows = static_cast<int>(std::ceil(pair_reach / set.step));
    std::vector<Eigen::ArrayXd> parts(rows);
    parallel_for(rows, options_.threads, [&](int i) { parts[i] = row(set, (i + 0.5) * set.step); });
    Eigen::ArrayXd total = Eigen::ArrayXd::Zero(diagnostics ? all_means : fixed_point_means);
    for (const Eigen::ArrayXd& part : parts) total += part;
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
      const bool folded = ((scan.c.tail(scan.c.size() - 1) - scan.c.head(scan.c.size() - 1)) <= 0).any();
      add_smooth(set, set.line, scan, n, outer, sums);
      const bool steep = folded || (set.diagnostics && (scan.c1 < 0.3 && scan.density > 1e-12).any());
      if (!steep) {
        if (set.diagnostics) add_responses(set, set.line, scan, outer, sums);
        continue;
      }
      const std::vector<Gap> gaps = folded ? find_gaps(set, d, scan) : std::vector<Gap>();
      Sums part;
      Scan local;
      const auto integrate = [&](double from, double to, double sign, bool responses) {
        const PairNodes nodes =
            on_panels(responses ? response_panels(set, scan, from, to) : panels(from, to, 0.5));
        part = Sums::Zero(nodes.size(), outputs);
        evaluate(set, nodes, d, local);
        if (responses)
          add_responses(set, nodes, local, outer, part);
        else
          add_smooth(set, nodes, local, n, outer, part);
        corrections += sign * part.colwise().sum().transpose();
      };
      for (const Gap& gap : gaps) integrate(gap.low, gap.high, -1, false);
      if (set.diagnostics) {
        for (const Gap& gap : gaps) {
          evaluate(set, PairNodes(activation_, Eigen::Array2d(gap.low, gap.high), Eigen::Array2d(1, 1)), d,
                   local);
          corrections[jumps_k] += outer * local.density[0] * (gap.high - gap.low) / set.o.V_k;
        }
        double from = set.line.delta[0];
        for (const Gap& gap : gaps) {
          if (gap.low > from) integrate(from, gap.low, 1, true);
          from = gap.high;
        }
        integrate(from, set.line.delta[set.line.size() - 1], 1, true);
        corrections[competing] += outer * bistable(scan);
      }
    }
    return corrections + sums.colwise().sum().transpose();
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

  /// E|G_ab|^2, singular where c' = 0: on the parts that the global minimum visits only.
  static void add_responses(const Setting& set, const PairNodes& at, const Scan& scan, double outer,
                            Sums& sums) {
    const double V_k = set.o.V_k;
    const Eigen::ArrayXd mass = outer * scan.density, a2 = scan.moved_squared(at), inverse = 1 / scan.c1;
    const Eigen::ArrayXd power = PairScan::power(at);
    const Eigen::ArrayXd sa = scan.moved_along_s(at);
    sums.col(G_kk) += mass * (1 - scan.c1).square() * inverse / (V_k * V_k);
    sums.col(G_kv) += mass * 2 * a2 * inverse;
    sums.col(G_vv) += mass * (scan.c1 * (power / scan.D).square() - 4 * V_k * sa.square() / scan.D +
                              4 * V_k * V_k * a2.square() * inverse);
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
      if (hull[k] - hull[k - 1] > 1) gaps.push_back(tangent(set, d, {x[hull[k - 1]], x[hull[k]]}));
    return gaps;
  }

  /// Newton on c(low) = c(high) and psi(high) - psi(low) = c (high - low)/(2 V_k).
  [[nodiscard]] Gap tangent(const Setting& set, const Eigen::Vector2d& d, Gap gap) const {
    const Gap bracket = gap;
    const double cell = set.line.weight[0], V2 = 2 * set.o.V_k;
    Scan scan;
    for (int iteration = 0; iteration < 20; ++iteration) {
      const PairNodes ends(activation_, Eigen::Array2d(gap.low, gap.high), Eigen::Array2d(1, 1));
      evaluate(set, ends, d, scan);
      const double length = gap.high - gap.low, apart = scan.c[1] - scan.c[0];
      const double area = V2 * (scan.loss[1] - scan.loss[0]) + (gap.high * gap.high - gap.low * gap.low) / 2 -
                          scan.c[0] * length;
      // d area = -c'_low length d low + (c_high - c_low) d high; d apart = c'_high d high - c'_low d low.
      Eigen::Matrix2d J;
      J << -scan.c1[0], scan.c1[1], -scan.c1[0] * length, apart;
      const Eigen::Vector2d step = -J.inverse() * Eigen::Vector2d(apart, area);
      if (!step.allFinite()) return bracket;
      gap.low += step[0], gap.high += step[1];
      if (std::abs(gap.low - bracket.low) > 2 * cell || std::abs(gap.high - bracket.high) > 2 * cell ||
          gap.low >= gap.high)
        return bracket;  // near a cusp the gap is about a cell wide and its weight negligible
      if (step.norm() < 1e-12) break;
    }
    return gap;
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

  struct Panel {
    double from, to;
  };
  [[nodiscard]] static std::vector<Panel> panels(double from, double to, double width) {
    const int count = std::max(1, static_cast<int>(std::ceil((to - from) / width)));
    std::vector<Panel> out;
    const double step = (to - from) / count;
    for (int k = 0; k < count; ++k) out.push_back({from + step * k, from + step * (k + 1)});
    return out;
  }

  /// Panels for 1/c': a tenth wide where c' is small, half a unit elsewhere, none where the density is
  /// negligible.
  [[nodiscard]] static std::vector<Panel> response_panels(const Setting& set, const Scan& scan, double from,
                                                          double to) {
    constexpr double narrow = 0.1, wide = 0.5, small_slope = 0.5, nothing = 1e-20;
    const double cell = set.line.weight[0],
                 first = set.line.delta[0];  // a panel is judged with a cell to either side
    const Eigen::Index last = scan.c1.size() - 1;
    std::vector<Panel> out;
    while (from < to) {
      const auto low =
          std::clamp<Eigen::Index>(static_cast<Eigen::Index>((from - first) / cell) - 1, 0, last);
      const auto high =
          std::clamp<Eigen::Index>(static_cast<Eigen::Index>((from + wide - first) / cell) + 2, low, last);
      const double end = std::min(
          to, from + (scan.c1.segment(low, high - low + 1).minCoeff() < small_slope ? narrow : wide));
      if (scan.density.segment(low, high - low + 1).maxCoeff() > nothing) out.push_back({from, end});
      from = end;
    }
    return out;
  }

  [[nodiscard]] PairNodes on_panels(const std::vector<Panel>& panels) const {
    using Rule = boost::math::quadrature::gauss<double, 10>;
    const auto count = static_cast<Eigen::Index>(panels.size());
    Eigen::ArrayXd x(10 * count), w(10 * count);
    for (Eigen::Index k = 0; k < count; ++k) {
      const auto [from, to] = panels[static_cast<std::size_t>(k)];
      const double half = (to - from) / 2, centre = from + half;
      for (Eigen::Index i = 0; i < 5; ++i) {
        const double a = Rule::abscissa()[i];
        x[10 * k + 2 * i] = centre - half * a, x[10 * k + 2 * i + 1] = centre + half * a;
        w[10 * k + 2 * i] = w[10 * k + 2 * i + 1] = half * Rule::weights()[i];
      }
    }
    return {activation_, x, w};
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
