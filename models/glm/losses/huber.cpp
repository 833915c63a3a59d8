#include <cmath>
#include <quenched/loss.hpp>

#include "glm/parameter.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// ell = u^2/2 up to |u| = delta, then delta |u| - delta^2/2.
class Huber final : public Loss {
 public:
  explicit Huber(double delta) : delta_(delta) {}
  const LossInfo& info() const override {
    static const LossInfo huber{"huber", "r^2/2 where |r| < delta, else delta |r| - delta^2/2, r = y - z",
                                "Huber, Ann. Math. Statist. 35, 73 (1964)", true};
    return huber;
  }
  void value(const ArrayXd& u, ArrayXd& ell) const override {
    const ArrayXd inner = u.max(-delta_).min(delta_);
    ell = inner * (u - inner / 2);
  }
  void derivatives(const ArrayXd& u, ArrayXd& first, ArrayXd& second) const override {
    first = u.max(-delta_).min(delta_);
    second = (u.abs() < delta_).cast<double>();
  }
  void proximal(double V, const ArrayXd& c, ArrayXd& p, ArrayXd& slope) const override {
    p = c - V * (c / (1 + V)).max(-delta_).min(delta_);
    slope = (c.abs() < delta_ * (1 + V)).select(ArrayXd::Constant(c.size(), 1 / (1 + V)), 1.0);
  }
  std::vector<double> kinks(double V) const override { return {-delta_ * (1 + V), delta_ * (1 + V)}; }

 private:
  double delta_;
};

}  // namespace

std::shared_ptr<const Loss> make_huber_loss(const std::string& parameter) {
  return std::make_shared<Huber>(parameter_of(
      "loss", "huber", parameter, 1, [](double x) { return std::isfinite(x) && x > 0; },
      "needs a finite number > 0: huber:1"));
}

}  // namespace quenched
