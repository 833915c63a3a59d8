#include <Eigen/QR>
#include <algorithm>
#include <deque>
#include <optional>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>
#include <string>

namespace quenched {
namespace {

constexpr int patience = 60;          // iterations without a better residual before `stalled`
constexpr double growth_allowed = 4;  // a residual this much above the best restarts from damping

void check(const FixedPointOptions& o) {
  if (!(o.tolerance > 0)) throw InvalidInput("tolerance", std::to_string(o.tolerance), "needs a number > 0");
  if (!(o.damping > 0 && o.damping <= 1))
    throw InvalidInput("damping", std::to_string(o.damping), "needs a number in (0, 1]");
  if (o.anderson_memory < 0)
    throw InvalidInput("anderson_memory", std::to_string(o.anderson_memory), "needs a whole number >= 0");
  if (o.max_iterations < 1)
    throw InvalidInput("max_iterations", std::to_string(o.max_iterations), "needs a whole number >= 1");
}

/// Differences of the last iterates and residuals.
class Anderson {
 public:
  explicit Anderson(int memory) : memory_(memory) {}
  void clear() { steps_.clear(), changes_.clear(); }
  void remember(const Eigen::VectorXd& step, const Eigen::VectorXd& change) {
    if (memory_ == 0) return;
    steps_.push_back(step), changes_.push_back(change);
    if (static_cast<int>(steps_.size()) > memory_) steps_.pop_front(), changes_.pop_front();
  }
  /// x + r - sum_j gamma_j (dx_j + dr_j), gamma the least-squares fit of r by dr, weighted by 1/(1 + |x|).
  [[nodiscard]] std::optional<Eigen::VectorXd> next(const Eigen::VectorXd& x,
                                                    const Eigen::VectorXd& r) const {
    if (steps_.empty()) return {};
    const Eigen::VectorXd weight = (1 + x.array().abs()).inverse();
    Eigen::MatrixXd dr(x.size(), static_cast<Eigen::Index>(changes_.size()));
    for (std::size_t j = 0; j < changes_.size(); ++j) dr.col(static_cast<Eigen::Index>(j)) = changes_[j];
    Eigen::ColPivHouseholderQR<Eigen::MatrixXd> fit;
    fit.setThreshold(1e-10);
    fit.compute(weight.asDiagonal() * dr);
    const Eigen::VectorXd gamma = fit.solve(weight.cwiseProduct(r));
    Eigen::VectorXd y = x + r - dr * gamma;
    for (std::size_t j = 0; j < steps_.size(); ++j) y -= gamma[static_cast<Eigen::Index>(j)] * steps_[j];
    return y;
  }

 private:
  int memory_;
  std::deque<Eigen::VectorXd> steps_, changes_;
};

}  // namespace

std::string_view name_of(FixedPointStatus status) {
  switch (status) {
    case FixedPointStatus::not_run:
      return "not run";
    case FixedPointStatus::converged:
      return "converged";
    case FixedPointStatus::noise_floor:
      return "converged to the error of the map";
    case FixedPointStatus::stalled:
      return "stalled";
    case FixedPointStatus::max_iterations:
      return "out of iterations";
    case FixedPointStatus::infeasible:
      return "left the feasible region";
    case FixedPointStatus::not_finite:
      return "not finite";
  }
  return "";
}

FixedPointReport fixed_point(const Map& F, const Eigen::VectorXd& start, const FixedPointOptions& options) {
  check(options);
  const auto feasible = [&](const Eigen::VectorXd& x) {
    return x.allFinite() && (!options.feasible || options.feasible(x));
  };
  if (!feasible(start)) throw InvalidInput("start", "of the fixed point", "needs a feasible point");
  FixedPointReport report;
  report.x = start;
  Anderson anderson(options.anderson_memory);
  Eigen::VectorXd x = start, r, best_r, last_x, last_r;
  int since_best = 0;
  while (true) {
    r = F(x) - x;
    ++report.iterations;
    const double residual = (r.array() / (1 + x.array().abs())).abs().maxCoeff();
    report.history.push_back(residual);
    if (!std::isfinite(residual)) {
      if (best_r.size() == 0) return report.status = FixedPointStatus::not_finite, report;
    } else if (residual < report.residual) {
      report.residual = residual, report.x = x, best_r = r, since_best = 0;
    } else {
      ++since_best;
    }
    if (std::isfinite(residual) && options.enough && options.enough(x)) {
      report.residual = residual, report.x = x;
      return report.status = FixedPointStatus::converged, report;
    }
    if (report.residual <= options.tolerance) return report.status = FixedPointStatus::converged, report;
    if (report.residual <= options.map_error) return report.status = FixedPointStatus::noise_floor, report;
    if (report.iterations >= options.max_iterations)
      return report.status = FixedPointStatus::max_iterations, report;
    if (since_best > patience) return report.status = FixedPointStatus::stalled, report;

    std::optional<Eigen::VectorXd> next;
    if (std::isfinite(residual) && report.iterations <= options.damped_steps) {
      report.residual = residual, report.x = x, best_r = r,
      since_best = 0;  // the latest: a transient may pass a worse one
    } else if (std::isfinite(residual) && residual <= growth_allowed * report.residual) {
      if (last_x.size() > 0) anderson.remember(x - last_x, r - last_r);
      last_x = x, last_r = r;
      next = anderson.next(x, r);
    } else {  // the accelerated step did harm: go on, damped, from the best iterate
      anderson.clear();
      last_x.resize(0);
      x = report.x, r = best_r;
    }
    if (!next || !feasible(*next)) {
      double damping = options.damping / (1 << std::min(since_best / 4, 6));
      next = x + damping * r;
      for (int halving = 0; halving < 30 && !feasible(*next); ++halving) next = x + (damping /= 2) * r;
      if (!feasible(*next)) return report.status = FixedPointStatus::infeasible, report;
    }
    x = *next;
  }
}

Eigen::MatrixXd jacobian(const Map& F, const Eigen::VectorXd& x, double relative_step,
                         const std::function<bool(const Eigen::VectorXd&)>& feasible) {
  Eigen::MatrixXd J;
  const auto allowed = [&](const Eigen::VectorXd& y) { return !feasible || feasible(y); };
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const double first = relative_step * (1 + std::abs(x[i]));
    double step = first;
    Eigen::VectorXd up = x, down = x;
    const auto within = [&](double above, double below) {
      up[i] = x[i] + above, down[i] = x[i] - below;
      return allowed(up) && allowed(down);
    };
    constexpr int few = 10;  // beyond, a whole step to one side is better than a short one to both
    for (int halving = 0; halving < 40; ++halving, step /= 2) {
      if (within(step, step)) break;
      if (halving == few && (within(first, 0) || within(0, first))) break;
    }
    const Eigen::VectorXd column = (F(up) - F(down)) / (up[i] - down[i]);
    if (i == 0) J.resize(column.size(), x.size());
    J.col(i) = column;
  }
  return J;
}

Eigen::MatrixXd jacobian_from(const Eigen::VectorXd& value, const Map& F, const Eigen::VectorXd& x,
                              double relative_step,
                              const std::function<bool(const Eigen::VectorXd&)>& feasible) {
  Eigen::MatrixXd J(value.size(), x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    double step = relative_step * (1 + std::abs(x[i]));
    Eigen::VectorXd y = x;
    const auto allowed = [&](double move) { return y[i] = x[i] + move, !feasible || feasible(y); };
    for (int halving = 0; halving < 40 && !allowed(step) && !allowed(-step); ++halving) step /= 2;
    J.col(i) = (F(y) - value) / (y[i] - x[i]);
  }
  return J;
}

}  // namespace quenched
