#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "glm/label_teacher.hpp"
#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// y = sign(z*), flipped with probability p.
class Sign final : public LabelTeacher {
 public:
  Sign(double rho, double Delta, double flip) : LabelTeacher(rho, Delta, "sign"), flip_(flip) {}
  const TeacherInfo& info() const override {
    static const TeacherInfo sign{"sign", "sign(z*), flipped with probability p (sign:p)", true};
    return sign;
  }
  bool separable() const override { return flip_ == 0; }
  double draw(double z_star, std::mt19937_64& rng) const override {
    const bool flipped = std::bernoulli_distribution(flip_)(rng);
    return (z_star >= 0) != flipped ? 1 : -1;
  }

 private:
  void response(const ArrayXd& a, double s, ArrayXd& Z, ArrayXd& slope) const override {
    const ArrayXd t = a / std::sqrt(s);
    Z.resize(a.size());
    vector_math::normal_cdf(t, Z);
    Z = flip_ + (1 - 2 * flip_) * Z;
    slope = (1 - 2 * flip_) / std::sqrt(2 * std::numbers::pi * s) * (-t.square() / 2).exp();
  }

  double flip_;
};

}  // namespace

std::shared_ptr<const Teacher> make_sign_teacher(const std::string& parameter, double rho, double Delta) {
  const double flip = parameter_of(
      "teacher", "sign", parameter, 0, [](double x) { return x >= 0 && x < 0.5; },
      "needs a probability of a flip in [0, 0.5): sign:0.1");
  return std::make_shared<Sign>(rho, Delta, flip);
}

}  // namespace quenched
