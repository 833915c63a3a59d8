#pragma once
#include <Eigen/Core>
#include <initializer_list>
#include <vector>

namespace quenched {

/// Functions on a uniform grid with their first two derivatives, interpolated by piecewise quintics (error
/// f^(6) cell^6/46080), to be read at x, x + step, x + 2 step, ...: these fall at one place of `cells` cells
/// a step, so one polynomial serves all.
class QuinticTable {
 public:
  /// f, d1 and d2 at left + i step/cells, i = 0 .. cells * steps, a column for each function. Beyond the
  /// right end the functions are 0.
  QuinticTable(double left, double step, const Eigen::ArrayXXd& f, const Eigen::ArrayXXd& d1,
               const Eigen::ArrayXXd& d2, int longest, int cells = 12);
  /// out_j += weight f(x + j step). Needs x >= left and out.size() <= longest. Cost: 1 ns a number.
  void add(double x, double weight, Eigen::Ref<Eigen::ArrayXd> out) const {
    add(x, weight, out.size(), {out.data()});
  }
  /// The same for the first few functions, n numbers each.
  void add(double x, double weight, Eigen::Index n, std::initializer_list<double*> out) const;

  /// The grid that a table of this many steps needs.
  [[nodiscard]] static Eigen::ArrayXd grid(double left, double step, int steps, int cells = 12) {
    return Eigen::ArrayXd::LinSpaced(steps * cells + 1, left, left + steps * step);
  }

 private:
  double left_, cell_;
  int cells_, steps_, length_, functions_;
  std::vector<double> coefficients_;  // power, cell within a step, function, step
};

/// 2 pi over the frequency w at which exp(-variance w^2/2 - strip w) = exp(-digits): the step of a trapezoid
/// rule for a function whose Fourier transform decays so (a Gaussian of that variance smooths it,
/// singularities lie at +- i strip).
[[nodiscard]] double trapezoid_step(double variance, double strip, double digits);

}  // namespace quenched
