#pragma once
#include <array>
#include <quenched/activation.hpp>
#include <quenched/task.hpp>

namespace quenched {

/// A task's law of the fields in the plane omega = B x + common mode: x ~ centre + sqrt(q) N(0, I_2) tilted
/// by `weight`, with the teacher's t in the plane. Tabulated where the tilt is not constant (cubic
/// interpolation on a square grid).
class FieldTable {
 public:
  /// B: tokens x 2, orthonormal columns; rough: nodes twice as far apart, a quarter of the cost.
  FieldTable(const Task& task, const Eigen::MatrixXd& B, double m, double q, bool rough, int threads);
  [[nodiscard]] const std::array<double, 2>& centre() const { return centre_; }
  using In = Eigen::Ref<const Eigen::ArrayXd>;
  /// Multiplies `density` by the tilt at (omega1, omega2) and fills t; points of zero density are left alone.
  /// Cost: 10 ns a point.
  void apply(In omega1, In omega2, Eigen::ArrayXd& density, Eigen::ArrayXd& t1, Eigen::ArrayXd& t2) const;
  /// E sigma_eps and E|sigma|^2 at chi = omega.
  void fresh_sample(const Activation& activation, double& hit, double& power) const;

 private:
  /// The square of normals on which the law is known, `columns` a side.
  [[nodiscard]] static Batch square(Eigen::Index columns, double step);

  Eigen::MatrixXd B_;
  double q_, step_ = 0;
  Eigen::Index columns_ = 1;
  std::array<double, 2> centre_;
  Eigen::Array<double, 4, Eigen::Dynamic> table_;  // tilt, t_1, t_2, 0 at every node
};

}  // namespace quenched
