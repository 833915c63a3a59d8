#pragma once
#include "series.hpp"

namespace quenched::apps {

/// What gnuplot draws, but for its terminal, which is of this size in pixels.
struct PictureScript {
  double width, height;
  std::string text;
};

/// Lines of theory with bands of uncertainty, markers of simulation with error bars; a panel each, below it a
/// strip of the stability eigenvalue where there is one. Curves are named at their right ends where that can
/// be, else in a key.
[[nodiscard]] PictureScript curve_script(const std::vector<Series>& list,
                                         const std::vector<Threshold>& thresholds, const Axes& axes);

/// A text as gnuplot takes it.
[[nodiscard]] std::string literal(const std::string& text);

}  // namespace quenched::apps
