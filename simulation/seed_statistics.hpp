#pragma once
#include <cmath>
#include <functional>
#include <vector>

namespace quenched {

/// Mean and its standard error over the seeds of every figure (pointers to members of `mean`) of what
/// `measured` gives of a seed. Without a seed the mean, with fewer than two the error, stays what it was.
template <class Seed, class Figures, class Measured, class Projection = std::identity>
void mean_and_standard_error(const std::vector<Seed>& seeds, const Figures& figures, Measured& mean,
                             Measured& error, Projection measured = {}) {
  const auto n = static_cast<double>(seeds.size());
  for (const auto figure : figures) {
    double sum = 0, squares = 0;
    for (const Seed& seed : seeds) sum += std::invoke(measured, seed).*figure;
    for (const Seed& seed : seeds) squares += std::pow(std::invoke(measured, seed).*figure - sum / n, 2);
    if (n > 0) mean.*figure = sum / n;
    if (n > 1) error.*figure = std::sqrt(squares / (n - 1) / n);
  }
}

}  // namespace quenched
