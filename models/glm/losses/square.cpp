#include <quenched/loss.hpp>

#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// ell = u^2/2.
class Square final : public Loss {
 public:
  const LossInfo& info() const override {
    static const LossInfo square{"square", "(y - z)^2/2", "Gauss", true};
    return square;
  }
  void value(const ArrayXd& u, ArrayXd& ell) const override { ell = u.square() / 2; }
  void derivatives(const ArrayXd& u, ArrayXd& first, ArrayXd& second) const override {
    first = u, second = ArrayXd::Ones(u.size());
  }
  void proximal(double V, const ArrayXd& c, ArrayXd& p, ArrayXd& slope) const override {
    slope = ArrayXd::Constant(c.size(), 1 / (1 + V));
    p = slope * c;
  }
};

}  // namespace

std::shared_ptr<const Loss> make_square_loss(const std::string& parameter) {
  no_parameter("loss", "square", parameter);
  return std::make_shared<Square>();
}

}  // namespace quenched
