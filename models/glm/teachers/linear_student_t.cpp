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
      : RealTeacher(rho, Delta, std::max(0.5, 2.5 / (dof - 2))), dof_(dof), c_(Delta * (dof - 2) / 2) {
    for (double y = 0.1; y < 1.55; y += 0.05)
      step_ =
          std::max(step_, 2 * std::numbers::pi * y / (negligible - (dof + 1) / 2 * std::log(std::cos(y))));
  }
  const TeacherInfo& info() const override {
    static const TeacherInfo student{"linear-student-t", "z* + sqrt(Delta) xi, xi Student t of variance 1",
                                     false};
    return student;
  }
  double draw(double z_star, std::mt19937_64& rng) const override {
    return z_star + std::sqrt(noise() * (dof_ - 2) / dof_) * std::student_t_distribution<double>(dof_)(rng);
  }

 private:
  static constexpr double negligible = 32;  // exp(-32)

  void density(const ArrayXd& v, double tau_squared, ArrayXd& p, ArrayXd& slope) const override {
    constexpr Eigen::Index near = 16;  // points that lie in a row share their gammas
    p.resize(v.size()), slope.resize(v.size());
    for (Eigen::Index i = 0; i < v.size(); i += near) {
      const Eigen::Index n = std::min(near, v.size() - i);
      mixture(v.segment(i, n), tau_squared, p.segment(i, n), slope.segment(i, n));
    }
  }

  /// Over theta = log gamma, where the trapezoid rule converges exponentially: by a line Im theta = y < pi/2
  /// its relative error is below exp(-2 pi y/step)/cos(y)^((dof + 1)/2).
  void mixture(const ArrayXd& v, double tau_squared, Eigen::Ref<ArrayXd> p, Eigen::Ref<ArrayXd> slope) const {
    const ArrayXd v2 = v.square();
    const double tail = dof_ + 1, far = std::log1p(v2.maxCoeff() / (2 * c_)), least = v2.minCoeff();
    const double low = -2 * negligible / tail - far, drop = negligible + tail / 2 * far;
    double high = std::log(negligible + 4 * dof_);
    if (least > 4 * drop * tau_squared) high = std::min(high, std::log(4 * drop * c_ / least));
    const double norm = step_ / (std::tgamma(dof_ / 2) * std::sqrt(2 * std::numbers::pi));
    const auto cells = static_cast<Eigen::Index>(std::max(0.0, (high - low) / step_)) + 1;
    const ArrayXd theta = low + step_ * ArrayXd::LinSpaced(cells, 0, static_cast<double>(cells - 1));
    const ArrayXd gamma = vector_math::exp(Batch(theta)), variance = tau_squared + c_ / gamma;
    const ArrayXd weight =
        norm * vector_math::exp(Batch(theta * (dof_ / 2) - gamma)).col(0) / variance.sqrt();
    const Batch bell =
        vector_math::exp(Batch(v2.matrix() * (-0.5 / variance).matrix().transpose()));  // points x gammas
    p = (bell.matrix() * weight.matrix()).array();
    slope = -v * (bell.matrix() * (weight / variance).matrix()).array();
  }

  double dof_, c_, step_ = 0;
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
