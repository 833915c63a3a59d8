#pragma once
#include <array>
#include <vector>

#include "convolution_axis.hpp"

namespace quenched {

/// The grid of rsb_grid_channel.cpp: five axes, the quickest first. Two of omega in the plane without the
/// common mode; of d = y - w the principal axes u_2, u_1 that the exchange of the two tokens that are not eps
/// leaves alone, and u_3 across. What is tabulated has a symmetry under (y, w) -> -(y, w), which mirrors the
/// last three axes, and under the exchange, which mirrors the second and the last.
struct FoldedGrid {
  using Place = std::array<Eigen::Index, 5>;
  std::array<ConvolutionAxis, 5> axis;
  Place inner{}, outer{};  // nodes kept: of the last two axes halves, and what their averages and ends take
  Place quarter{};         // inner nodes from which all others follow
  Eigen::Index ends;       // outer nodes beyond the weight, at each end

  FoldedGrid(const std::array<ConvolutionAxis, 5>& axes, Eigen::Index ends_);

  /// Those of the quarter whose averages reach an outer node within `reach` standard deviations, or one of
  /// the `ends` next to it.
  [[nodiscard]] std::vector<Place> weighty(double reach) const;

  /// Factors of a column under sign and exchange, and the column that the exchange makes of it.
  struct Symmetry {
    double sign, exchange;
    Eigen::Index exchanged;
  };
  /// `column` of `values`, one row a node of the quarter, at every inner node; 0 at all others.
  void expand(const std::vector<Place>& nodes, const Eigen::ArrayXXd& values, Eigen::Index column,
              const Symmetry& symmetry, Eigen::ArrayXd& on_grid) const;

  using Kernel = Eigen::ArrayXd ConvolutionAxis::*;
  /// Averages `f` over the inner Gaussians, from inner to outer nodes; `spare` is room.
  void average(Kernel kernel, int threads, Eigen::ArrayXd& f, Eigen::ArrayXd& spare) const;
};

/// The place of `at` in an array of `sizes`, the first index the quickest.
[[nodiscard]] Eigen::Index place_of(const FoldedGrid::Place& at, const FoldedGrid::Place& sizes);
[[nodiscard]] Eigen::Index product(const FoldedGrid::Place& sizes, std::size_t from = 0, std::size_t to = 5);

}  // namespace quenched
