#include <LBFGSB.h>

#include <Eigen/Cholesky>
#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <optional>
#include <quenched/erm_gradient.hpp>
#include <quenched/optimal_ridge.hpp>

namespace quenched {
namespace {

using Eigen::Vector2d;
using Eigen::VectorXd;

/// Test error and its gradient at t = (log ridge_k, log ridge_v); remembers its last solution to start from.
class TestError {
 public:
  TestError(const Problem& problem, const Activation& activation, double alpha, const ErmOptions& options)
      : problem_(problem), activation_(activation), alpha_(alpha), options_(options) {
    options_.branches = 0, options_.symmetry = false;
  }
  ErmResult solve(const Vector2d& t, bool responses = false) {
    options_.responses = responses;
    ErmResult r = erm(problem_, activation_, alpha_, std::exp(t[0]), std::exp(t[1]), options_);
    if (r.certificate.converged) options_.from = r.overlaps;
    return r;
  }
  double operator()(const VectorXd& t, VectorXd& gradient) {
    const ErmResult r = solve(t);
    gradient = this->gradient(t, r);
    return r.test_error;
  }
  [[nodiscard]] VectorXd gradient(const Vector2d& t, const ErmResult& r) const {
    return erm_ridge_gradient(problem_, activation_, alpha_, std::exp(t[0]), std::exp(t[1]), r, options_)
               .array() *
           t.array().exp();
  }

  [[nodiscard]] std::optional<OrderParameters> overlaps() const { return options_.from; }

 private:
  const Problem& problem_;
  const Activation& activation_;
  double alpha_;
  ErmOptions options_;
};

/// Negative where a solution is stable and without jumps.
double distrust(const ErmResult& r) {
  const Certificate& c = r.certificate;
  if (!c.converged || std::isnan(c.stability_eigenvalue)) return 1;
  return std::max(c.stability_eigenvalue + c.stability_error - 1, jump_excess(c));
}

Vector2d low() { return Vector2d::Constant(std::log(ridge_range[0])); }
Vector2d high() { return Vector2d::Constant(std::log(ridge_range[1])); }

/// Its test error is close^2/(2 curvature) above the minimum, far below flat_change; below it the errors of
/// the averages begin.
constexpr double close_gradient = 1e-4;

/// By differences of the gradient.
Eigen::Matrix2d curvature(TestError& f, const Vector2d& t, const Vector2d& gradient) {
  constexpr double h = 0.1;
  Eigen::Matrix2d H;
  VectorXd moved;
  for (int i : {0, 1}) {
    f(t + h * Vector2d::Unit(i), moved);
    H.col(i) = (moved - gradient) / h;
  }
  return (H + H.transpose()) / 2;
}

/// Newton's steps with the curvature at the start, a neighbour's minimum; none when they do not lead to one.
std::optional<Vector2d> near_minimum(TestError& f, Vector2d t) {
  VectorXd gradient;
  f(t, gradient);
  Eigen::LDLT<Eigen::Matrix2d> H;
  for (int step = 0; gradient.lpNorm<Eigen::Infinity>() > close_gradient; ++step) {
    if (step == 0) H.compute(curvature(f, t, gradient));
    if (step == 5 || !(H.vectorD().minCoeff() > 0)) return {};
    const Vector2d next = t - H.solve(gradient);
    if (!((next - t).norm() < 1) || (next.array() < low().array()).any() ||
        (next.array() > high().array()).any())
      return {};
    t = next;
    f(t, gradient);
  }
  return t;
}

Vector2d free_minimum(TestError& f, const Vector2d& start) {
  LBFGSpp::LBFGSBParam<double> parameters;
  parameters.epsilon = close_gradient, parameters.epsilon_rel = 0;
  parameters.past = 2, parameters.delta = 1e-8;
  parameters.max_iterations = 30, parameters.max_linesearch = 8;
  parameters.max_step = 2;
  LBFGSpp::LBFGSBSolver<double> solver(parameters);
  VectorXd t = start;
  double value = 0;
  try {
    static_cast<void>(solver.minimize(f, t, value, low(), high()));
  } catch (const std::runtime_error&) {  // the line search is down to the errors of the averages: t is as
                                         // good as it gets
  }
  return t;
}

RidgeOptimum described(const Problem& problem, const Activation& activation, double alpha, TestError& f,
                       const Vector2d& t, const ErmOptions& options) {
  RidgeOptimum o;
  o.ridge_k = std::exp(t[0]), o.ridge_v = std::exp(t[1]);
  ErmOptions certified = options;
  certified.from = f.overlaps();
  o.result = erm(problem, activation, alpha, o.ridge_k, o.ridge_v, certified);
  o.curvature = curvature(f, t, f.gradient(t, o.result));
  o.flat_k = std::abs(o.curvature(0, 0)) / 2 < flat_change;
  o.flat_v = std::abs(o.curvature(1, 1)) / 2 < flat_change;
  o.at_bound = (t.array() <= low().array() + 1e-3).any() || (t.array() >= high().array() - 1e-3).any();
  return o;
}

/// The best point where trust begins: at every ridge_v the least ridge_k that is trusted (where none is, the
/// least common factor of both), found by bracketing; over ridge_v by Brent's method.
Vector2d on_trust_line(TestError& f, const Vector2d& free) {
  struct Point {
    Vector2d t;
    double error;
  };
  const auto on_ray = [&](const Vector2d& base, const Vector2d& direction) -> std::optional<Point> {
    const auto margin = [&](double s) { return distrust(f.solve(base + s * direction, true)); };
    double a = 0, b = 0, at_a = margin(a), at_b = at_a;
    while (at_b > 0) {
      a = b, at_a = at_b, b = b > 0 ? 2 * b : 0.25;
      if (b > 8) return {};
      at_b = margin(b);
    }
    if (b > 0) {
      std::uintmax_t evaluations = 12;
      const auto close = [](double l, double r) { return r - l < 5e-3; };
      b = boost::math::tools::toms748_solve(margin, a, b, at_a, at_b, close, evaluations).second;
    }
    const Vector2d t = base + b * direction;
    return Point{t, f.solve(t).test_error};
  };
  constexpr double nowhere = 1e3;  // where nothing is trusted
  Point best{free, nowhere};
  const auto at_ridge_v = [&](double shift) {
    const Vector2d base = free + Vector2d(0, shift);
    std::optional<Point> found = on_ray(base, {1, 0});
    if (!found) found = on_ray(base, {1, 1});
    if (found && found->error < best.error) best = *found;
    return found ? found->error : nowhere;
  };
  std::uintmax_t evaluations = 8;
  static_cast<void>(boost::math::tools::brent_find_minima(at_ridge_v, -1.0, 1.0, 8, evaluations));
  return best.t;
}

}  // namespace

OptimalRidge optimal_ridge(const Problem& problem, const Activation& activation, double alpha,
                           const OptimalRidgeOptions& options) {
  TestError f(problem, activation, alpha, options.erm);
  std::vector<Vector2d> starts = {{std::log(0.3), std::log(0.3)}, {std::log(3.0), std::log(3.0)}};
  if (options.from) starts = {options.from->array().log().matrix()};
  std::vector<RidgeOptimum> minima;
  for (const Vector2d& start : starts) {
    const std::optional<Vector2d> near = options.from ? near_minimum(f, start) : std::nullopt;
    const Vector2d t = near ? *near : free_minimum(f, start);
    const auto apart = [&](const RidgeOptimum& o) {
      const Vector2d step = t - Vector2d(std::log(o.ridge_k), std::log(o.ridge_v));
      // Less than the flat change apart: one minimum, and a flat direction.
      return step.norm() > 0.03 && step.dot(o.curvature * step) / 2 > flat_change;
    };
    if (std::ranges::all_of(minima, apart))
      minima.push_back(described(problem, activation, alpha, f, t, options.erm));
  }
  std::ranges::sort(minima, {}, [](const RidgeOptimum& o) { return o.result.test_error; });
  if (options.trusted_only) {
    const auto trusted =
        std::ranges::find_if(minima, [](const RidgeOptimum& o) { return distrust(o.result) <= 0; });
    if (trusted != minima.end()) {
      std::rotate(minima.begin(), trusted, trusted + 1);
    } else {
      const RidgeOptimum& o = minima.front();
      const Vector2d t = on_trust_line(f, {std::log(o.ridge_k), std::log(o.ridge_v)});
      RidgeOptimum edge = described(problem, activation, alpha, f, t, options.erm);
      edge.on_trust_line = true;
      minima.insert(minima.begin(), edge);
    }
  }
  OptimalRidge result{minima.front(), {minima.begin() + 1, minima.end()}};
  return result;
}

}  // namespace quenched
