#include "quintic_table.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

namespace quenched {

QuinticTable::QuinticTable(double left, double step, const Eigen::ArrayXXd& f, const Eigen::ArrayXXd& d1,
                           const Eigen::ArrayXXd& d2, int longest, int cells)
    : left_(left),
      cell_(step / cells),
      cells_(cells),
      steps_(static_cast<int>(f.rows()) / cells),
      length_(steps_ + longest + 1),
      functions_(static_cast<int>(f.cols())) {
  coefficients_.assign(static_cast<std::size_t>(6) * cells * functions_ * length_, 0.0);
  for (int j = 0; j < functions_; ++j)
    for (int i = 0; i < steps_ * cells; ++i) {
      const double f0 = f(i, j), g0 = cell_ * d1(i, j), c0 = cell_ * cell_ * d2(i, j);
      const double F = f(i + 1, j) - f0 - g0 - c0 / 2, G = cell_ * d1(i + 1, j) - g0 - c0,
                   C = cell_ * cell_ * d2(i + 1, j) - c0;
      const double a[6] = {
          f0, g0, c0 / 2, 10 * F - 4 * G + C / 2, -15 * F + 7 * G - C, 6 * F - 3 * G + C / 2};
      for (int k = 0; k < 6; ++k)
        coefficients_[((static_cast<std::size_t>(k) * cells + i % cells) * functions_ + j) * length_ +
                      i / cells] = a[k];
    }
}

void QuinticTable::add(double x, double weight, Eigen::Index n, std::initializer_list<double*> out) const {
  const double place = std::min(std::max(0.0, (x - left_) / cell_), static_cast<double>(steps_) * cells_);
  const int i = static_cast<int>(place);
  const auto cell = static_cast<std::size_t>(i % cells_) * functions_ * length_;
  vector_math::add_quintics(&coefficients_[cell + i / cells_],
                            static_cast<std::ptrdiff_t>(cells_) * functions_ * length_, length_, place - i,
                            weight, {out.begin(), out.size()}, n);
}

double trapezoid_step(double variance, double strip, double digits) {
  const double frequency = 2 * digits / (strip + std::sqrt(strip * strip + 2 * digits * variance));
  return 2 * std::numbers::pi / frequency;
}

}  // namespace quenched
