#pragma once
#include <quenched/teacher.hpp>

namespace quenched {

/// y = z* + noise of variance Delta: v = z - y is N(0, tau^2 = rho - 2 m + q) plus noise, of density p, and
/// T = -S by parts. Taken along v = A sinh(B x)/B, A^2 = tau^2 + Delta, where tails that fall like a power
/// fall exponentially.
class RealTeacher : public Teacher {
 public:
  void law(double m, double q, const Eigen::ArrayXd& x, LineLaw& law) const override;
  [[nodiscard]] double coordinate(double m, double q, double v) const override;

 protected:
  RealTeacher(double rho, double Delta, double bend) : Teacher(rho, Delta), bend_(bend) {}
  [[nodiscard]] double tau_squared(double m, double q) const;
  /// p(v) and p'(v), v >= 0.
  virtual void density(const Eigen::ArrayXd& v, double tau_squared, Eigen::ArrayXd& p,
                       Eigen::ArrayXd& slope) const = 0;

 private:
  double bend_;  // B
};

}  // namespace quenched
