#include "glm/real_teacher.hpp"

#include <cmath>
#include <numbers>

namespace quenched {

using Eigen::ArrayXd;

double RealTeacher::tau_squared(double m, double q) const { return std::max(strength() - 2 * m + q, 0.0); }

void RealTeacher::law(double m, double q, const ArrayXd& x, LineLaw& law) const {
  const double tau2 = tau_squared(m, q), A = std::sqrt(tau2 + noise());
  law.v = A * (bend_ * x).sinh() / bend_;
  ArrayXd p, slope;
  density(law.v.abs(), tau2, p, slope);
  const ArrayXd measure = A * (bend_ * x).cosh() * std::sqrt(2 * std::numbers::pi) * (x.square() / 2).exp();
  law.W = p * measure;
  law.T = slope * law.v.sign() * measure;
  law.S = -law.T;
}

double RealTeacher::coordinate(double m, double q, double v) const {
  return std::asinh(bend_ * v / std::sqrt(tau_squared(m, q) + noise())) / bend_;
}

}  // namespace quenched
