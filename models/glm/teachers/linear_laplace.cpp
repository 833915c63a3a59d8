#include <cmath>
#include <numbers>

#include "glm/parameter.hpp"
#include "glm/real_teacher.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// exp(x^2) erfc(x), x >= 0; by its asymptotic series where exp(x^2) is inaccurate.
double scaled_erfc(double x) {
  if (x < 20) return std::exp(x * x) * std::erfc(x);
  const double t = 1 / (2 * x * x);
  return (1 - t * (1 - 3 * t * (1 - 5 * t * (1 - 7 * t)))) / (x * std::sqrt(std::numbers::pi));
}

/// y = z* + Laplace noise of variance Delta = 2 b^2.
class LinearLaplace final : public RealTeacher {
 public:
  LinearLaplace(double rho, double Delta) : RealTeacher(rho, Delta, 0.5), b_(std::sqrt(Delta / 2)) {}
  const TeacherInfo& info() const override {
    static const TeacherInfo laplace{"linear-laplace", "z* + sqrt(Delta) xi, xi Laplace of variance 1",
                                     false};
    return laplace;
  }
  double draw(double z_star, std::mt19937_64& rng) const override {
    const double size = std::exponential_distribution<double>(1 / b_)(rng);
    return std::bernoulli_distribution()(rng) ? z_star + size : z_star - size;
  }

 private:
  /// p = e_- + e_+, e_+- = exp(tau^2/(2 b^2) +- v/b) erfc((tau/b +- v/tau)/sqrt(2))/(4 b), p' = (e_+ -
  /// e_-)/b.
  void density(const ArrayXd& v, double tau_squared, ArrayXd& p, ArrayXd& slope) const override {
    const double tau = std::max(std::sqrt(tau_squared), 1e-12 * b_), in_b = tau / b_;
    p.resize(v.size()), slope.resize(v.size());
    for (Eigen::Index i = 0; i < v.size(); ++i) {
      const double x = v[i] / tau, A = (in_b - x) / std::numbers::sqrt2, bell = std::exp(-x * x / 2);
      const double up = bell * scaled_erfc((in_b + x) / std::numbers::sqrt2);
      const double down =
          A < 0 ? std::exp(in_b * in_b / 2 - v[i] / b_) * std::erfc(A) : bell * scaled_erfc(A);
      p[i] = (down + up) / (4 * b_);
      slope[i] = (up - down) / (4 * b_ * b_);
    }
  }

  double b_;
};

}  // namespace

std::shared_ptr<const Teacher> make_linear_laplace_teacher(const std::string& parameter, double rho,
                                                           double Delta) {
  no_parameter("teacher", "linear-laplace", parameter);
  if (Delta == 0) throw InvalidInput("noise", "0", "needs a variance > 0 for teacher 'linear-laplace'");
  return std::make_shared<LinearLaplace>(rho, Delta);
}

}  // namespace quenched
