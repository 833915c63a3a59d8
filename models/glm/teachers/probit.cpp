#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "glm/label_teacher.hpp"
#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// y = sign(z* + xi), xi ~ N(0, 1).
class Probit final : public LabelTeacher {
 public:
  Probit(double rho, double Delta) : LabelTeacher(rho, Delta, "probit") {}
  const TeacherInfo& info() const override {
    static const TeacherInfo probit{"probit", "1 with probability Phi(z*), else -1", true};
    return probit;
  }
  double draw(double z_star, std::mt19937_64& rng) const override {
    return std::normal_distribution<double>(z_star, 1)(rng) >= 0 ? 1 : -1;
  }

 private:
  void response(const ArrayXd& a, double s, ArrayXd& Z, ArrayXd& slope) const override {
    const ArrayXd t = a / std::sqrt(1 + s);
    Z.resize(a.size());
    vector_math::normal_cdf(t, Z);
    slope = (-t.square() / 2).exp() / std::sqrt(2 * std::numbers::pi * (1 + s));
  }
};

}  // namespace

std::shared_ptr<const Teacher> make_probit_teacher(const std::string& parameter, double rho, double Delta) {
  no_parameter("teacher", "probit", parameter);
  return std::make_shared<Probit>(rho, Delta);
}

}  // namespace quenched
