#pragma once
#include <Eigen/Core>
#include <functional>
#include <utility>
#include <vector>

namespace quenched {

struct Panel {
  double from, to;
};

/// Where an integrand varies on the scale `width`, and on the scale of the distance farther away.
struct Anchor {
  double at, width;
};

/// Panels that cover [from, to]: none wider than `widest` at its left end, nor than the anchors allow;
/// anchors within are edges.
[[nodiscard]] std::vector<Panel> graded_panels(double from, double to, const std::vector<Anchor>& anchors,
                                               const std::function<double(double)>& widest);

/// Nodes of ten-point Gauss-Legendre on each panel, and their weights.
[[nodiscard]] std::pair<Eigen::ArrayXd, Eigen::ArrayXd> gauss_on(const std::vector<Panel>& panels);

/// Nodes r and weights for the mean over the density r exp(-r^2/2) on [0, reach] of a function that may
/// diverge like |r - b|^(-1/2) on either side of each b in `breaks`: n Gauss-Legendre points between two of
/// them, in the root of the distance.
[[nodiscard]] std::vector<std::pair<double, double>> radial_rule(std::vector<double> breaks, double reach,
                                                                 int n);

}  // namespace quenched
