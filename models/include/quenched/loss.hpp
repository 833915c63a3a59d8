#pragma once
#include <Eigen/Core>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quenched {

struct LossInfo {
  std::string name, formula, source;
  /// ell is an even function of u = z - y; otherwise of the margin u = y z, for labels in {-1, 1}.
  bool residual = false;
};

/// ell(u) = max over slopes a in [low, high] of a (u - knot): what a dual trainer needs of a loss with a
/// corner.
struct Corner {
  double low, high, knot;
};

/// A convex loss ell of one number u (docs/glm.md, section 1). Arrays are points.
class Loss {
 public:
  virtual ~Loss() = default;
  [[nodiscard]] virtual const LossInfo& info() const = 0;
  virtual void value(const Eigen::ArrayXd& u, Eigen::ArrayXd& ell) const = 0;
  /// ell' and ell''; at a corner either side's.
  virtual void derivatives(const Eigen::ArrayXd& u, Eigen::ArrayXd& first, Eigen::ArrayXd& second) const = 0;
  /// p = argmin ell(p) + (p - c)^2/(2 V), V > 0, and dp/dc. Unless overridden, Newton's method on
  /// p + V ell'(p) = c, safeguarded by bisection.
  virtual void proximal(double V, const Eigen::ArrayXd& c, Eigen::ArrayXd& p, Eigen::ArrayXd& slope) const;
  /// The c where p or dp/dc is not smooth.
  [[nodiscard]] virtual std::vector<double> kinks(double V) const;
  /// Set where ell is not differentiable.
  [[nodiscard]] virtual std::optional<Corner> corner() const;
};

/// "square", "huber:0.5": what follows the colon is the loss's parameter.
/// Throws InvalidInput (key `loss`) for an unknown name, listing the known ones, or a wrong parameter.
[[nodiscard]] std::shared_ptr<const Loss> make_loss(std::string_view specification);
[[nodiscard]] std::vector<std::string> loss_names();

}  // namespace quenched
