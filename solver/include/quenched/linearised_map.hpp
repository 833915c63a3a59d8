#pragma once
#include <Eigen/Core>

namespace quenched {

/// A map x = F(x) and what is read off at x, F's further rows, linearised near a fixed point. J is dF/dx:
/// rows x n, the n updates first.
class LinearisedMap {
 public:
  LinearisedMap() = default;  // J unknown
  explicit LinearisedMap(Eigen::MatrixXd J);
  [[nodiscard]] bool known() const { return J_.size() > 0; }
  /// J is known, and the fixed point is isolated to first order.
  [[nodiscard]] bool regular() const { return known() && newton_.allFinite(); }

  /// Newton's step from x, whose update is F(x): x + (I - dF/dx)^-1 (F(x) - x); F(x) itself where J is
  /// unknown.
  [[nodiscard]] Eigen::VectorXd next(const Eigen::VectorXd& x, const Eigen::VectorXd& update) const;

  /// What a change dF of the rows at fixed x becomes once x has followed, by dx = (I - dF/dx)^-1 dF (implicit
  /// function theorem). Needs J.
  [[nodiscard]] Eigen::VectorXd carried(Eigen::VectorXd change) const;

  /// Broyden's correction: of all J that give the change of the rows seen between two points the nearest to
  /// this one, in the weights 1/(1 + |x|); none where they are closer than 1e-6, which shows rounding and the
  /// leaps of sampled rules. Returns Newton's step at the second point over that at the first, in these
  /// weights, by the J before. Needs J.
  double learn(const Eigen::VectorXd& from, const Eigen::VectorXd& from_rows, const Eigen::VectorXd& to,
               const Eigen::VectorXd& to_rows);

 private:
  Eigen::MatrixXd J_;
  Eigen::MatrixXd newton_;  // (I - dF/dx)^-1
};

/// The errors of the fixed point and of the further rows: the root of the sum of squares over the columns of
/// `changes`, each carried.
[[nodiscard]] Eigen::ArrayXd carried_errors(const Eigen::MatrixXd& J, const Eigen::MatrixXd& changes);

}  // namespace quenched
