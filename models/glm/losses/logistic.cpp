#include <cmath>
#include <quenched/loss.hpp>
#include <quenched/vector_math.hpp>

#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// ell = log(1 + exp(-u)); no closed proximal point.
class Logistic final : public Loss {
 public:
  const LossInfo& info() const override {
    static const LossInfo logistic{"logistic", "log(1 + exp(-y z))",
                                   "Cox, J. R. Stat. Soc. B 20, 215 (1958)"};
    return logistic;
  }
  void value(const ArrayXd& u, ArrayXd& ell) const override {
    const ArrayXd small = (-u.abs()).exp();
    ell = (-u).max(0.0) + small.log1p();
  }
  void derivatives(const ArrayXd& u, ArrayXd& first, ArrayXd& second) const override {
    second.resize(u.size());
    vector_math::exp(u, second);
    first = -(1 + second).inverse();
    second = -first * (1 + first);
  }
};

}  // namespace

std::shared_ptr<const Loss> make_logistic_loss(const std::string& parameter) {
  no_parameter("loss", "logistic", parameter);
  return std::make_shared<Logistic>();
}

}  // namespace quenched
