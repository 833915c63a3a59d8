#include <quenched/loss.hpp>

#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// ell = max(0, 1 - u).
class Hinge final : public Loss {
 public:
  const LossInfo& info() const override {
    static const LossInfo hinge{"hinge", "max(0, 1 - y z)", "Cortes and Vapnik, Mach. Learn. 20, 273 (1995)"};
    return hinge;
  }
  void value(const ArrayXd& u, ArrayXd& ell) const override { ell = (1 - u).max(0.0); }
  void derivatives(const ArrayXd& u, ArrayXd& first, ArrayXd& second) const override {
    first = -(u < 1).cast<double>(), second = ArrayXd::Zero(u.size());
  }
  void proximal(double V, const ArrayXd& c, ArrayXd& p, ArrayXd& slope) const override {
    p = c + (1 - c).max(0.0).min(V);
    slope = (c < 1 - V || c > 1).cast<double>();
  }
  std::vector<double> kinks(double V) const override { return {1 - V, 1}; }
  std::optional<Corner> corner() const override { return Corner{-1, 0, 1}; }
};

}  // namespace

std::shared_ptr<const Loss> make_hinge_loss(const std::string& parameter) {
  no_parameter("loss", "hinge", parameter);
  return std::make_shared<Hinge>();
}

}  // namespace quenched
