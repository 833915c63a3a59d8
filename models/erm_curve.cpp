#include <cmath>
#include <quenched/erm_curve.hpp>
#include <quenched/fixed_point.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>

#include "erm_equations.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

constexpr Eigen::Index log_alpha = 6;

VectorXd free_coordinates(const VectorXd& x) {
  return (VectorXd(6) << x[0], std::log(x[1] - x[0] * x[0]), std::log(x[2]), x[3],
          std::log(x[4] - x[3] * x[3]), std::log(x[5]))
      .finished();
}

VectorXd order_parameters(const VectorXd& u) {
  return (VectorXd(6) << u[0], std::exp(u[1]) + u[0] * u[0], std::exp(u[2]), u[3],
          std::exp(u[4]) + u[3] * u[3], std::exp(u[5]))
      .finished();
}

/// The fixed point x of `rough` with its errors: what a finer rule changes, carried through the map.
ErmResult solution_at(const ErmEquations& rough, const ErmEquations& fine, const VectorXd& x,
                      double tolerance) {
  using E = ErmEquations;
  const ChannelMeans means = rough.means(x, Detail::responses);
  const VectorXd at = rough.update(x, means.value);
  const LinearisedMap map(rough.derivative(x, at));
  const VectorXd error = map.carried(fine.update(x) - at).cwiseAbs();
  ErmResult r;
  r.overlaps = E::overlaps(x);
  r.test_error = at[E::test_error], r.train_error = at[E::train_error], r.energy = at[E::energy];
  r.uncertainty = {error[E::test_error], error[E::train_error], error[E::energy], E::overlaps(error.head(6))};
  Certificate& c = r.certificate;
  c.converged = true, c.residual = (at.head(6) - x).cwiseAbs().maxCoeff();
  c.integration_rule = rough.rule(), c.integration_error = error.maxCoeff();
  rough.set_stability(c, x, means);
  VectorXd values(E::rows);
  values << x, at.tail(3);
  const double worst = (error.array() / values.array().abs().max(1)).maxCoeff();
  judge(c, {.reached = true, .error = worst, .tolerance = tolerance});
  return r;
}

}  // namespace

ErmCurve erm_curve(const Problem& problem, const Activation& activation, double ridge_k, double ridge_v,
                   double low, double high, const ErmOptions& options) {
  if (!(low > 0 && low < high && std::isfinite(high)))
    throw InvalidInput("alpha", std::to_string(low) + ":" + std::to_string(high), "needs 0 < low < high");
  ErmOptions first = options;
  first.branches = 0, first.symmetry = first.responses = false;
  const ErmResult start = erm(problem, activation, high, ridge_k, ridge_v, first);
  ErmCurve curve;
  if (!start.certificate.converged) return curve;

  const double most = 10 * options.work;  // a curve may take what ten of its points may
  const auto work = std::make_shared<WorkLimit>(most);
  const auto equations = [&](int level) {
    return ErmEquations(problem, activation, high, ridge_k, ridge_v,
                        {level, options.seed, options.threads, work});
  };
  const auto map = [&](const ErmEquations& e) -> Map {
    return [&e, ridge_k, ridge_v](const VectorXd& u) -> VectorXd {
      try {
        const VectorXd next = e.with(std::exp(u[log_alpha]), ridge_k, ridge_v).update(order_parameters(u));
        return free_coordinates(next.head(6)) - u.head(6);
      } catch (const OutOfWork&) {
        return VectorXd::Constant(6, unknown);
      }
    };
  };
  const ErmEquations rough = equations(0), fine = equations(1);
  ContinuationOptions following;
  following.tolerance = 1e-7, following.max_points = 400;
  following.inside = [&](const VectorXd& u) {
    return u[log_alpha] > std::log(low) && u[log_alpha] < std::log(high) + 1e-3;
  };
  VectorXd u(7);
  u << free_coordinates(ErmEquations::vector(start.overlaps)), std::log(high);
  const SolutionCurve found = follow(map(rough), u, -VectorXd::Unit(7, log_alpha), following);
  curve.end = found.end;
  curve.stopped = work->passed();

  work->begin(most);
  int branch = 0;
  for (std::size_t i = 0; i < found.points.size(); ++i) {
    const CurvePoint& point = found.points[i];
    if (i > 0 && point.tangent[log_alpha] * found.points[i - 1].tangent[log_alpha] < 0) {
      ++branch;
      const auto at = fold(map(rough), found.points[i - 1], point, log_alpha, following);
      const auto finer = fold(map(fine), found.points[i - 1], point, log_alpha, following);
      ErmSpinodal spinodal;
      if (at && finer) {
        spinodal.alpha = std::exp(finer->u[log_alpha]);
        spinodal.uncertainty = std::abs(spinodal.alpha - std::exp(at->u[log_alpha]));
        spinodal.overlaps = ErmEquations::overlaps(order_parameters(finer->u));
      } else {
        spinodal.alpha = std::exp(point.u[log_alpha]);
      }
      curve.spinodals.push_back(spinodal);
    }
    const double alpha = std::exp(point.u[log_alpha]);
    try {
      curve.states.push_back(
          {alpha,
           solution_at(rough.with(alpha, ridge_k, ridge_v), fine.with(alpha, ridge_k, ridge_v),
                       order_parameters(point.u), options.tolerance),
           branch});
    } catch (const OutOfWork&) {
      curve.end = CurveEnd::lost, curve.stopped = true;
      break;
    }
  }
  return curve;
}

}  // namespace quenched
