#pragma once
#include <Eigen/Core>
#include <cmath>
#include <functional>
#include <string_view>
#include <vector>

namespace quenched {

enum class FixedPointStatus {
  not_run,
  converged,
  noise_floor,
  stalled,
  max_iterations,
  infeasible,
  not_finite
};

/// A word for a person: "converged", "stalled", ...
[[nodiscard]] std::string_view name_of(FixedPointStatus status);

struct FixedPointOptions {
  double tolerance = 1e-10;  // on max_i |F_i(x) - x_i| / (1 + |x_i|), of the true residual
  double map_error = 0;      // error of F itself: below it the status is noise_floor, which counts as reached
  int max_iterations = 500;
  int anderson_memory = 5;  // 0: damping only
  int damped_steps = 0;     // plain damped iterations before Anderson starts: out of a far start's transient
  double damping = 0.6;     // in (0, 1]: x + damping (F(x) - x), the fallback when Anderson turns infeasible
  std::function<bool(const Eigen::VectorXd&)> feasible;  // empty: everything is
  std::function<bool(const Eigen::VectorXd&)> enough;    // true: reached, wherever that is
};

struct FixedPointReport {
  FixedPointStatus status = FixedPointStatus::not_run;
  Eigen::VectorXd x;  // best iterate seen, converged or not, or the one that was `enough`
  double residual = INFINITY;
  int iterations = 0;           // evaluations of F
  std::vector<double> history;  // residual at each evaluation
  [[nodiscard]] bool reached() const {
    return status == FixedPointStatus::converged || status == FixedPointStatus::noise_floor;
  }
};

using Map = std::function<Eigen::VectorXd(const Eigen::VectorXd&)>;

/// Solves x = F(x) by Anderson acceleration (type II, least squares by QR), falling back to damping where the
/// accelerated step is infeasible or the residual grows. Failure is data: see status.
/// Throws InvalidInput for options out of range or an infeasible start.
/// Cost: one evaluation of F an iteration, O(n memory^2) besides.
[[nodiscard]] FixedPointReport fixed_point(const Map& F, const Eigen::VectorXd& start,
                                           const FixedPointOptions& options = {});

/// dF/dx (any number of rows) by central differences with steps `relative_step * (1 + |x_i|)`, halved until
/// both sides are feasible; where ten halvings do not help, a whole step to one side that is. Cost: 2 n
/// evaluations of F.
[[nodiscard]] Eigen::MatrixXd jacobian(const Map& F, const Eigen::VectorXd& x, double relative_step = 1e-4,
                                       const std::function<bool(const Eigen::VectorXd&)>& feasible = {});

/// The same to first order in the step, from `value` = F(x) to whichever side is feasible. Cost: n
/// evaluations of F.
[[nodiscard]] Eigen::MatrixXd jacobian_from(const Eigen::VectorXd& value, const Map& F,
                                            const Eigen::VectorXd& x, double relative_step = 1e-4,
                                            const std::function<bool(const Eigen::VectorXd&)>& feasible = {});

}  // namespace quenched
