#include "glm/label_teacher.hpp"

#include <cmath>
#include <quenched/invalid_input.hpp>

namespace quenched {

using Eigen::ArrayXd;

LabelTeacher::LabelTeacher(double rho, double Delta, const std::string& name) : Teacher(rho, Delta) {
  if (Delta != 0)
    throw InvalidInput("noise", std::to_string(Delta),
                       "needs 0 for teacher '" + name + "', whose labels are -1 and 1");
}

void LabelTeacher::law(double m, double q, const ArrayXd& x, LineLaw& law) const {
  const double slope = m / std::sqrt(q), rho = strength();
  response(slope * x, std::max(rho - slope * slope, 1e-24 * rho), law.W, law.T);
  law.W *= 2, law.T *= 2;
  law.v = std::sqrt(q) * x;
  law.S = x / std::sqrt(q) * law.W - m / q * law.T;
}

double LabelTeacher::coordinate(double, double q, double v) const { return v / std::sqrt(q); }

}  // namespace quenched
