#pragma once
#include <Eigen/Core>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>
#include <string>

namespace quenched {

/// Averages over the line of a teacher's law with their errors.
struct GlmMeans {
  enum Output : int { mhat, qhat, Vhat, stein, response, loss, train, wrong, outputs };
  Eigen::ArrayXd value, error;
  std::string rule;
};

/// The replica-symmetric map of ridge-regularised ERM and its observables (docs/glm.md, section 3).
/// A vector x is (m, q, V).
class GlmEquations {
 public:
  /// Places in update(): the order parameters come first.
  enum Row : int { m, q, V, test_error, sign_error, train_error, train_loss, energy, eigenvalue, rows };

  GlmEquations(const Teacher& teacher, const Loss& loss, double alpha, double r, double accuracy)
      : teacher_(teacher), loss_(loss), alpha_(alpha), r_(r), accuracy_(accuracy) {}

  [[nodiscard]] bool feasible(const Eigen::VectorXd& x) const;
  [[nodiscard]] GlmMeans means(const Eigen::VectorXd& x) const;
  /// The three updated order parameters, then the observables at x.
  [[nodiscard]] Eigen::VectorXd update(const Eigen::VectorXd& x, const Eigen::ArrayXd& means) const;
  [[nodiscard]] Eigen::VectorXd update(const Eigen::VectorXd& x) const { return update(x, means(x).value); }

 private:
  const Teacher& teacher_;
  const Loss& loss_;
  double alpha_, r_, accuracy_;
};

}  // namespace quenched
