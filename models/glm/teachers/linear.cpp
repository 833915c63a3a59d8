#include <cmath>
#include <quenched/invalid_input.hpp>

#include "glm/parameter.hpp"
#include "glm/real_teacher.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// y = z* + sqrt(Delta) xi, xi ~ N(0, 1): v is Gaussian, and no change of variable is needed.
class LinearTeacher final : public Teacher {
 public:
  LinearTeacher(double rho, double Delta) : Teacher(rho, Delta) {}
  const TeacherInfo& info() const override {
    static const TeacherInfo linear{"linear", "z* + sqrt(Delta) xi, xi Gaussian", false};
    return linear;
  }
  void law(double m, double q, const ArrayXd& x, LineLaw& law) const override {
    const double s = deviation(m, q);
    law.v = s * x;
    law.W = ArrayXd::Ones(x.size());
    law.S = x / s;
    law.T = -law.S;
  }
  double coordinate(double m, double q, double v) const override { return v / deviation(m, q); }
  double draw(double z_star, std::mt19937_64& rng) const override {
    return std::normal_distribution<double>(z_star, std::sqrt(noise()))(rng);
  }

 private:
  [[nodiscard]] double deviation(double m, double q) const {
    constexpr double least = 1e-100;  // noiseless data that are learnt exactly
    return std::sqrt(std::max(strength() - 2 * m + q + noise(), least));
  }
};

}  // namespace

std::shared_ptr<const Teacher> make_linear_teacher(const std::string& parameter, double rho, double Delta) {
  no_parameter("teacher", "linear", parameter);
  return std::make_shared<LinearTeacher>(rho, Delta);
}

}  // namespace quenched
