#pragma once
#include <quenched/teacher.hpp>

namespace quenched {

/// Labels in {-1, 1}: v = y z is skew normal, N(v; 0, q) 2 Z(m v/q).
class LabelTeacher : public Teacher {
 public:
  void law(double m, double q, const Eigen::ArrayXd& x, LineLaw& law) const final;
  [[nodiscard]] double coordinate(double m, double q, double v) const final;

 protected:
  LabelTeacher(double rho, double Delta, const std::string& name);
  /// Z = P(y = 1 | z* ~ N(a, s)) and dZ/da; s > 0.
  virtual void response(const Eigen::ArrayXd& a, double s, Eigen::ArrayXd& Z,
                        Eigen::ArrayXd& slope) const = 0;
};

}  // namespace quenched
