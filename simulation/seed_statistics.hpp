#pragma once
#include <cmath>
#include <ranges>

namespace quenched {

/// Mean and its standard error over the seeds of every figure of `mean` (pointers to its members). Without a
/// seed the mean, with fewer than two the error, stays what it was.
template <std::ranges::sized_range Seeds, class Figures, class Measured>
void mean_and_standard_error(const Seeds& seeds, const Figures& figures, Measured& mean, Measured& error) {
  const auto n = static_cast<double>(std::ranges::size(seeds));
  for (const auto figure : figures) {
    double sum = 0, squares = 0;
    for (const Measured& seed : seeds) sum += seed.*figure;
    for (const Measured& seed : seeds) squares += std::pow(seed.*figure - sum / n, 2);
    if (n > 0) mean.*figure = sum / n;
    if (n > 1) error.*figure = std::sqrt(squares / (n - 1) / n);
  }
}

}  // namespace quenched
