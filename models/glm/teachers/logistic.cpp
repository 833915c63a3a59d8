#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "glm/label_teacher.hpp"
#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// P(y = 1) = 1/(1 + exp(-z*)).
class LogisticTeacher final : public LabelTeacher {
 public:
  LogisticTeacher(double rho, double Delta) : LabelTeacher(rho, Delta, "logistic") {}
  const TeacherInfo& info() const override {
    static const TeacherInfo logistic{"logistic", "1 with probability 1/(1 + exp(-z*)), else -1", true};
    return logistic;
  }
  double draw(double z_star, std::mt19937_64& rng) const override {
    return std::bernoulli_distribution(1 / (1 + std::exp(-z_star)))(rng) ? 1 : -1;
  }

 private:
  /// A trapezoid rule: its error is exp(-2 pi^2 s/h^2) of the Gaussian and exp(-2 pi^2/h) of the poles at i
  /// pi.
  void response(const ArrayXd& a, double s, ArrayXd& Z, ArrayXd& slope) const override {
    const double h = std::min(0.5, 0.7 * std::sqrt(s)), reach = 8.7 * std::sqrt(s);
    const int cells = static_cast<int>(std::ceil(reach / h));
    Z = slope = ArrayXd::Zero(a.size());
    ArrayXd p(a.size());
    for (int j = -cells; j <= cells; ++j) {
      const double z = j * h, weight = h * std::exp(-z * z / (2 * s)) / std::sqrt(2 * std::numbers::pi * s);
      vector_math::exp(-(a + z), p);
      p = (1 + p).inverse();
      Z += weight * p;
      slope += weight * p * (1 - p);
    }
  }
};

}  // namespace

std::shared_ptr<const Teacher> make_logistic_teacher(const std::string& parameter, double rho, double Delta) {
  no_parameter("teacher", "logistic", parameter);
  return std::make_shared<LogisticTeacher>(rho, Delta);
}

}  // namespace quenched
