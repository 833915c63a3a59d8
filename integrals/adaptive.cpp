#include <algorithm>
#include <array>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>

#include "rules.hpp"

namespace quenched::rules {
namespace {

constexpr int nodes = 15;  // Gauss-Kronrod 7-15, as in QUADPACK's qk15

struct Kronrod {
  std::array<double, nodes> x, kronrod, gauss;  // on [-1, 1]; gauss is 0 at the 8 added nodes

  Kronrod() : gauss{} {
    const auto& half =
        boost::math::quadrature::gauss_kronrod<double, nodes>::abscissa();  // 0, then ascending
    const auto& w = boost::math::quadrature::gauss_kronrod<double, nodes>::weights();
    const auto& g = boost::math::quadrature::gauss<double, nodes / 2>::weights();  // at every second node
    for (int i = 0; i < 8; ++i) {
      const auto s = static_cast<std::size_t>(i), up = 7 + s, down = 7 - s;
      x[up] = half[s];
      x[down] = -half[s];
      kronrod[up] = kronrod[down] = w[s];
      if (i % 2 == 0) gauss[up] = gauss[down] = g[s / 2];
    }
  }
};

/// Integrals of the outputs over one panel, or a sum of such.
struct Integral {
  Eigen::ArrayXd value, magnitude;
  Eigen::ArrayXd own, inherited;  // errors: of this line's rule, and of the inner integrals it is made of
};

struct Panel {
  double from, to;
  Integral integral;
};

/// Values at the nodes of a line: nodes x outputs.
struct Samples {
  Batch value, error, magnitude;
  long points = 0;
};

/// I_k(x_0..x_{k-1}) = integral of phi(x_k) I_{k+1}(x_0..x_k) over x_k, I_d = f: each integral adapts its own
/// panels.
class Nest {
 public:
  explicit Nest(const Problem& problem) : problem_(problem) {}

  /// I_k at `prefix` (its first k entries) within `budget` points, which the first panels may exceed.
  Integral line(const Eigen::ArrayXd& prefix, int k, Eigen::ArrayXd tolerance, long budget,
                long& points) const {
    std::vector<Panel> panels = first_panels();
    std::vector<std::size_t> fresh(panels.size());
    for (std::size_t i = 0; i < fresh.size(); ++i) fresh[i] = i;
    long used = 0;
    while (!fresh.empty()) {
      const long count = static_cast<long>(fresh.size()) * nodes;
      used += integrate(panels, fresh, prefix, k, tolerance, (budget - used) / count);
      const long cost = std::max(1L, used / static_cast<long>(panels.size()));  // points a panel
      if (problem_.d == 1) tolerance = problem_.tolerance(total(panels).value);
      fresh = bisect(panels, tolerance, (budget - used) / cost);
    }
    points += used;
    return total(panels);
  }

  /// Points of the first panels of all lines: the least a pass can do.
  [[nodiscard]] long first_points() const {
    const long line = nodes * static_cast<long>(first_panels().size());
    return problem_.d == 1 ? line : problem_.d == 2 ? line * line : line * line * line;
  }

 private:
  /// Fine in one dimension, where they are the safety sample; 0 is an end, not a node: singularities sit
  /// there.
  [[nodiscard]] std::vector<Panel> first_panels() const {
    std::vector<Panel> panels;
    if (problem_.d == 1) {
      std::vector<double> ends;
      const int lowest = problem_.options.even ? 0 : -12;
      for (int i = lowest; i <= 12; ++i) ends.push_back(i);
      for (const double kink : problem_.options.kinks)
        if (kink > lowest && kink < 12) ends.push_back(kink);
      std::ranges::sort(ends);
      for (std::size_t i = 0; i + 1 < ends.size(); ++i)
        if (ends[i] < ends[i + 1]) panels.push_back({ends[i], ends[i + 1], {}});
    } else {
      const auto ends = problem_.d == 2 ? std::vector{-12.0, -4.5, -1.7, 0.0, 1.7, 4.5, 12.0}
                                        : std::vector{-12.0, -3.0, 0.0, 3.0, 12.0};
      for (std::size_t i = 0; i + 1 < ends.size(); ++i) panels.push_back({ends[i], ends[i + 1], {}});
    }
    return panels;
  }

  /// Fills the integrals of the fresh panels and returns the points used.
  long integrate(std::vector<Panel>& panels, const std::vector<std::size_t>& fresh,
                 const Eigen::ArrayXd& prefix, int k, const Eigen::ArrayXd& tolerance,
                 long budget_per_node) const {
    const int n = problem_.outputs;
    Eigen::ArrayXd x(static_cast<Eigen::Index>(fresh.size()) * nodes);
    for (std::size_t p = 0; p < fresh.size(); ++p) {
      const auto& [from, to, integral] = panels[fresh[p]];
      for (int i = 0; i < nodes; ++i)
        x[static_cast<Eigen::Index>(p) * nodes + i] = (from + to) / 2 + (to - from) / 2 * rule().x[i];
    }
    const Eigen::ArrayXd density = (-x.square() / 2).exp() / std::sqrt(2 * std::numbers::pi);
    const Samples samples = k + 1 == problem_.d ? evaluate(prefix, x)
                                                : recurse(prefix, k, x, density, tolerance, budget_per_node);
    for (std::size_t p = 0; p < fresh.size(); ++p) {
      Panel& panel = panels[fresh[p]];
      const double half = (panel.to - panel.from) / 2, sides = problem_.options.even ? 2 : 1;
      const Eigen::Index row = static_cast<Eigen::Index>(p) * nodes;
      using Line = Eigen::Array<double, nodes, 1>;
      const Eigen::Map<const Line> kronrod(rule().kronrod.data()), gauss(rule().gauss.data());
      const Line phi = density.segment<nodes>(row) * (sides * half), w = kronrod * phi,
                 difference = (kronrod - gauss) * phi;
      Integral& s = panel.integral;
      s = {Eigen::ArrayXd(n), Eigen::ArrayXd(n), Eigen::ArrayXd(n), Eigen::ArrayXd(n)};
      for (int j = 0; j < n; ++j) {
        const auto f = samples.value.col(j).segment<nodes>(row);
        s.value[j] = (w * f).sum();
        s.magnitude[j] = (w * samples.magnitude.col(j).segment<nodes>(row)).sum();
        s.inherited[j] = samples.error.size() ? (w * samples.error.col(j).segment<nodes>(row)).sum() : 0;
        const double variation = (kronrod * (phi * f - s.value[j] / 2).abs()).sum();  // QUADPACK's resasc
        s.own[j] = quadpack_error((difference * f).sum(), variation);
      }
    }
    return samples.points;
  }

  /// |K15 - G7| measures G7; K15 is better by the power 1.5, once the difference is small against the
  /// variation.
  static double quadpack_error(double difference, double variation) {
    const double raw = std::abs(difference);
    const double share = 200 * raw / variation;
    return variation > 0 ? variation * std::min(1.0, share * std::sqrt(share)) : raw;
  }

  Samples evaluate(const Eigen::ArrayXd& prefix, const Eigen::ArrayXd& x) const {
    constexpr Eigen::Index group = block / nodes * nodes;
    Samples out{Batch(x.size(), problem_.outputs), {}, {}, x.size()};
    Batch points, f;
    for (Eigen::Index first = 0; first < x.size(); first += group) {
      const Eigen::Index rows = std::min(group, x.size() - first);
      if (points.rows() != rows) points.resize(rows, problem_.d), f.resize(rows, problem_.outputs);
      for (int a = 0; a + 1 < problem_.d; ++a) points.col(a) = prefix[a];
      points.col(problem_.d - 1) = x.segment(first, rows);
      problem_.f(points, f);
      out.value.middleRows(first, rows) = f;
    }
    out.magnitude = out.value.abs();
    return out;
  }

  Samples recurse(const Eigen::ArrayXd& prefix, int k, const Eigen::ArrayXd& x, const Eigen::ArrayXd& density,
                  const Eigen::ArrayXd& tolerance, long budget_per_node) const {
    const int n = problem_.outputs;
    Samples out{Batch(x.size(), n), Batch(x.size(), n), Batch(x.size(), n)};
    std::vector<long> points(static_cast<std::size_t>(x.size()));
    parallel_for(static_cast<int>(x.size()), k == 0 ? problem_.options.threads : 1, [&](int i) {
      Eigen::ArrayXd inner = prefix;
      inner[k] = x[i];
      // So that the weighted errors add up to half the tolerance; where the density is small they may be
      // large.
      const double share = std::max(1.0, 1 / (24 * density[i])) / 4;
      const Integral s =
          line(inner, k + 1, share * tolerance, budget_per_node, points[static_cast<std::size_t>(i)]);
      out.value.row(i) = s.value;
      out.error.row(i) = s.own + s.inherited;
      out.magnitude.row(i) = s.magnitude;
    });
    for (const long p : points) out.points += p;
    return out;
  }

  /// Halves the panels with the largest errors, as few as leave half the tolerance to the rest; returns the
  /// halves, at most `affordable`.
  static std::vector<std::size_t> bisect(std::vector<Panel>& panels, const Eigen::ArrayXd& tolerance,
                                         long affordable) {
    std::vector<std::pair<double, std::size_t>> worst;  // error in units of the tolerance
    double rest = 0;
    for (std::size_t p = 0; p < panels.size(); ++p) {
      const auto& [from, to, s] = panels[p];
      const double error = (s.own / tolerance).maxCoeff();
      rest += error;
      const bool noise = (s.own <= 0.1 * s.inherited).all();
      const bool narrow = to - from < 1e-13 * std::max(std::abs(from), std::abs(to)) || to - from < 1e-280;
      if (std::isfinite(error) && !noise && !narrow) worst.emplace_back(-error, p);
    }
    std::sort(worst.begin(), worst.end());
    std::vector<std::size_t> fresh;
    for (const auto& [error, p] : worst) {
      if (!(rest > 0.5) || static_cast<long>(fresh.size()) + 2 > affordable) break;
      rest += error;
      const double middle = (panels[p].from + panels[p].to) / 2;
      fresh.push_back(p);
      fresh.push_back(panels.size());
      panels.push_back({middle, panels[p].to, {}});
      panels[p].to = middle;
    }
    return fresh;
  }

  [[nodiscard]] Integral total(const std::vector<Panel>& panels) const {
    const Eigen::ArrayXd zero = Eigen::ArrayXd::Zero(problem_.outputs);
    Integral sum{zero, zero, zero, zero};
    for (const Panel& p : panels) {
      sum.value += p.integral.value;
      sum.magnitude += p.integral.magnitude;
      sum.own += p.integral.own;
      sum.inherited += p.integral.inherited;
    }
    return sum;
  }

  static const Kronrod& rule() {
    static const Kronrod kronrod;
    return kronrod;
  }

  const Problem& problem_;
};

}  // namespace

Outcome adaptive(const Problem& problem) {
  const Nest nest(problem);
  const Eigen::ArrayXd origin = Eigen::ArrayXd::Zero(problem.d);
  Outcome out;
  if (nest.first_points() > problem.budget) return out;
  // A relative tolerance needs the scale: the first pass, on the first panels only, finds it; later ones
  // correct it.
  Eigen::ArrayXd tolerance = Eigen::ArrayXd::Constant(problem.outputs, INFINITY);
  for (int pass = 0; pass < 4; ++pass) {
    const Integral s = nest.line(origin, 0, tolerance, problem.budget - out.points, out.points);
    out.value = s.value;
    out.magnitude = s.magnitude;
    out.error = s.own + s.inherited + rounding(s.magnitude);
    if (!out.finite() || problem.met(out.value, out.error) || problem.d == 1 ||
        2 * out.points > problem.budget)
      break;
    tolerance = problem.tolerance(out.value);
  }
  out.note = "nested Gauss-Kronrod panels";
  return out;
}

}  // namespace quenched::rules
