#include <quenched/loss.hpp>

#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// ell = |u|.
class Absolute final : public Loss {
 public:
  const LossInfo& info() const override {
    static const LossInfo absolute{"absolute", "|y - z|", "Laplace", true};
    return absolute;
  }
  void value(const ArrayXd& u, ArrayXd& ell) const override { ell = u.abs(); }
  void derivatives(const ArrayXd& u, ArrayXd& first, ArrayXd& second) const override {
    first = u.sign(), second = ArrayXd::Zero(u.size());
  }
  /// The soft threshold.
  void proximal(double V, const ArrayXd& c, ArrayXd& p, ArrayXd& slope) const override {
    p = c - c.max(-V).min(V);
    slope = (c.abs() > V).cast<double>();
  }
  std::vector<double> kinks(double V) const override { return {-V, V}; }
  std::optional<Corner> corner() const override { return Corner{-1, 1, 0}; }
};

}  // namespace

std::shared_ptr<const Loss> make_absolute_loss(const std::string& parameter) {
  no_parameter("loss", "absolute", parameter);
  return std::make_shared<Absolute>();
}

}  // namespace quenched
