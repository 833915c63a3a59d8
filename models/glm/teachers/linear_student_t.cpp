#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "glm/parameter.hpp"
#include "glm/real_teacher.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// y = z* + Student-t noise of variance Delta: normal of variance c/gamma, c = Delta (dof - 2)/2, gamma of
/// Gamma(dof/2).
class LinearStudentT final : public RealTeacher {
 public:
  LinearStudentT(double rho, double Delta, double dof)
      : RealTeacher(rho, Delta, std::max(0.5, 2.5 / (dof - 2))), dof_(dof), c_(Delta * (dof - 2) / 2) {}
  const TeacherInfo& info() const override {
    static const TeacherInfo student{"linear-student-t", "z* + sqrt(Delta) xi, xi Student t of variance 1",
                                     false};
    return student;
  }
  double draw(double z_star, std::mt19937_64& rng) const override {
    return z_star + std::sqrt(noise() * (dof_ - 2) / dof_) * std::student_t_distribution<double>(dof_)(rng);
  }

 private:
  /// Over theta = log gamma, where the trapezoid rule converges exponentially: the integrand is analytic up
  /// to Im theta = pi/2.
  void density(const ArrayXd& v, double tau_squared, ArrayXd& p, ArrayXd& slope) const override {
    constexpr double h = 0.25, negligible = 40;  // exp(-40)
    const ArrayXd v2 = v.square();
    const double tail = dof_ + 1, far = std::log1p(v2.maxCoeff() / (2 * c_)), least = v2.minCoeff();
    const double low = -2 * negligible / tail - far, drop = negligible + tail / 2 * far;
    double high = std::log(negligible + 4 * dof_);
    if (least > 4 * drop * tau_squared) high = std::min(high, std::log(4 * drop * c_ / least));
    const double norm = h / (std::tgamma(dof_ / 2) * std::sqrt(2 * std::numbers::pi));
    p = slope = ArrayXd::Zero(v.size());
    ArrayXd bell(v.size());
    for (double theta = low; theta <= high; theta += h) {
      const double gamma = std::exp(theta), variance = tau_squared + c_ / gamma;
      vector_math::exp(v2 * (-0.5 / variance), bell);
      const double weight = norm * std::exp(theta * dof_ / 2 - gamma) / std::sqrt(variance);
      p += weight * bell;
      slope -= weight / variance * bell;
    }
    slope *= v;
  }

  double dof_, c_;
};

}  // namespace

std::shared_ptr<const Teacher> make_linear_student_t_teacher(const std::string& parameter, double rho,
                                                             double Delta) {
  const double dof = parameter_of(
      "teacher", "linear-student-t", parameter, 3, [](double x) { return x >= 2.5 && x <= 100; },
      "needs degrees of freedom from 2.5 to 100: linear-student-t:3");
  if (Delta == 0) throw InvalidInput("noise", "0", "needs a variance > 0 for teacher 'linear-student-t'");
  return std::make_shared<LinearStudentT>(rho, Delta, dof);
}

}  // namespace quenched
