#include "graded_panels.hpp"

#include <gsl/gsl_integration.h>

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <memory>

namespace quenched {

std::vector<Panel> graded_panels(double from, double to, const std::vector<Anchor>& anchors,
                                 const std::function<double(double)>& widest) {
  std::vector<Panel> panels;
  while (from < to) {
    double end = std::min(to, from + widest(from));
    for (const Anchor& anchor : anchors) {
      const double ahead = anchor.at - from;
      if (ahead > 0)
        end = std::min({end, anchor.at, from + std::max(anchor.width, ahead / 2)});
      else
        end = std::min(end, from + std::max(anchor.width, -ahead));
    }
    if (!(end > from)) break;  // below rounding
    panels.push_back({from, end});
    from = end;
  }
  return panels;
}

std::pair<Eigen::ArrayXd, Eigen::ArrayXd> gauss_on(const std::vector<Panel>& panels) {
  using GaussLegendre = boost::math::quadrature::gauss<double, 10>;
  const auto count = static_cast<Eigen::Index>(panels.size());
  Eigen::ArrayXd x(10 * count), w(10 * count);
  for (Eigen::Index k = 0; k < count; ++k) {
    const auto [from, to] = panels[static_cast<std::size_t>(k)];
    const double half = (to - from) / 2, centre = from + half;
    for (Eigen::Index i = 0; i < 5; ++i) {
      const double a = GaussLegendre::abscissa()[i];
      x[10 * k + 2 * i] = centre - half * a, x[10 * k + 2 * i + 1] = centre + half * a;
      w[10 * k + 2 * i] = w[10 * k + 2 * i + 1] = half * GaussLegendre::weights()[i];
    }
  }
  return {x, w};
}

std::vector<std::pair<double, double>> radial_rule(std::vector<double> breaks, double reach, int n) {
  struct Interval {
    double from, to;  // singular, if at all, at `from`, which may be the larger one
    bool singular;
  };
  std::erase_if(breaks, [&](double b) { return !(b > 0 && b < reach); });
  std::ranges::sort(breaks);
  std::vector<Interval> intervals;
  if (breaks.empty()) {
    intervals = {{0, reach, false}};
  } else {
    intervals = {{breaks.front(), 0, true}, {breaks.back(), reach, true}};
    for (std::size_t i = 1; i < breaks.size(); ++i) {
      const double middle = (breaks[i - 1] + breaks[i]) / 2;
      intervals.push_back({breaks[i - 1], middle, true});
      intervals.push_back({breaks[i], middle, true});
    }
  }
  const std::unique_ptr<gsl_integration_glfixed_table, decltype(&gsl_integration_glfixed_table_free)> table(
      gsl_integration_glfixed_table_alloc(static_cast<std::size_t>(n)), &gsl_integration_glfixed_table_free);
  std::vector<std::pair<double, double>> rule;
  for (const Interval& interval : intervals) {
    for (int i = 0; i < n; ++i) {
      double u = 0, w = 0;
      gsl_integration_glfixed_point(0, 1, static_cast<std::size_t>(i), &u, &w, table.get());
      const double length = interval.to - interval.from;
      const double r = interval.from + length * (interval.singular ? u * u : u);
      rule.emplace_back(r, w * std::abs(length) * (interval.singular ? 2 * u : 1) * r * std::exp(-r * r / 2));
    }
  }
  return rule;
}

}  // namespace quenched
