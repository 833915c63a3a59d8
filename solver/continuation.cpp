#include <Eigen/LU>
#include <algorithm>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <quenched/continuation.hpp>
#include <quenched/invalid_input.hpp>

namespace quenched {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Points of the curve G = 0: Newton's method for (G(u), tangent . (u - base)) = 0.
class Corrector {
 public:
  Corrector(const Map& G, const ContinuationOptions& options) : G_(G), options_(options) {}

  /// The point in the hyperplane through `base` normal to `tangent`, with its own tangent on the same side.
  [[nodiscard]] std::optional<CurvePoint> point(const VectorXd& base, const VectorXd& tangent) {
    constexpr int max_steps = 8;
    const Eigen::Index n = base.size() - 1;
    CurvePoint p{base, tangent};
    double before = INFINITY;
    for (int step = 0; step <= max_steps; ++step) {
      ++evaluations_;
      const VectorXd value = G_(p.u);
      const double residual = value.cwiseAbs().maxCoeff();
      if (!std::isfinite(residual)) return {};
      const bool done = residual <= options_.tolerance;
      if (!done && (step == max_steps || residual > 2 * before)) return {};
      before = residual;
      const Eigen::PartialPivLU<MatrixXd> bordered = bordered_jacobian(p.u, tangent);
      if (done) {
        const VectorXd along = bordered.solve(VectorXd::Unit(n + 1, n));
        if (!along.allFinite()) return {};
        p.tangent = along.normalized();  // tangent . along = 1: the same side
        return p;
      }
      VectorXd right = VectorXd::Zero(n + 1);
      right << value, tangent.dot(p.u - base);
      p.u -= bordered.solve(right);
    }
    return {};
  }
  [[nodiscard]] int evaluations() const { return evaluations_; }

 private:
  Eigen::PartialPivLU<MatrixXd> bordered_jacobian(const VectorXd& u, const VectorXd& tangent) {
    const Eigen::Index n = u.size() - 1;
    MatrixXd bordered(n + 1, n + 1);
    bordered << jacobian(G_, u, 1e-5), tangent.transpose();
    evaluations_ += 2 * static_cast<int>(n + 1);
    return bordered.partialPivLu();
  }

  const Map& G_;
  const ContinuationOptions& options_;
  int evaluations_ = 0;
};

void check_options(const ContinuationOptions& o) {
  const auto need = [](bool good, const char* key, double value, const char* rule) {
    if (!good) throw InvalidInput(key, std::to_string(value), rule);
  };
  need(o.tolerance > 0, "tolerance", o.tolerance, "needs a number > 0");
  need(o.least_step > 0, "least_step", o.least_step, "needs a number > 0");
  need(o.first_step >= o.least_step, "first_step", o.first_step, "needs at least least_step");
  need(o.longest_step >= o.first_step, "longest_step", o.longest_step, "needs at least first_step");
  need(o.turn > 0, "turn", o.turn, "needs an angle > 0");
  need(o.max_points > 0, "max_points", o.max_points, "needs a whole number > 0");
}

}  // namespace

std::string_view name_of(CurveEnd end) {
  switch (end) {
    case CurveEnd::left:
      return "left";
    case CurveEnd::closed:
      return "closed";
    case CurveEnd::lost:
      return "lost";
    case CurveEnd::max_points:
      return "max_points";
  }
  return "unknown";
}

SolutionCurve follow(const Map& G, const VectorXd& start, const VectorXd& direction,
                     const ContinuationOptions& options) {
  check_options(options);
  SolutionCurve curve;
  Corrector corrector(G, options);
  const auto first = corrector.point(start, direction.normalized());
  if (first) curve.points.push_back(*first);
  double step = options.first_step, travelled = 0;
  while (first && step >= options.least_step) {
    const CurvePoint& here = curve.points.back();
    const auto next = corrector.point(here.u + step * here.tangent, here.tangent);
    const double cosine = next ? next->tangent.dot(here.tangent) : -1;
    if (!(cosine >= std::cos(options.turn)) || (next->u - here.u).norm() > 1.5 * step) {
      step /= 2;
      continue;
    }
    travelled += (next->u - here.u).norm();
    curve.points.push_back(*next);
    const VectorXd back = next->u - first->u;
    curve.end = options.inside && !options.inside(next->u) ? CurveEnd::left
                : travelled > 4 * step && back.norm() < step && next->tangent.dot(first->tangent) > 0 &&
                        back.dot(first->tangent) > 0
                    ? CurveEnd::closed
                : static_cast<int>(curve.points.size()) >= options.max_points ? CurveEnd::max_points
                                                                              : CurveEnd::lost;
    if (curve.end != CurveEnd::lost) break;
    const double angle = std::acos(std::min(1.0, cosine));
    step = std::min(options.longest_step, step * std::clamp(0.5 * options.turn / (angle + 1e-12), 0.5, 2.0));
  }
  curve.evaluations = corrector.evaluations();
  return curve;
}

std::optional<CurvePoint> fold(const Map& G, const CurvePoint& a, const CurvePoint& b, Eigen::Index c,
                               const ContinuationOptions& options) {
  Corrector corrector(G, options);
  std::optional<CurvePoint> found;
  bool lost = false;
  const auto slope = [&](double s) {
    found = corrector.point(a.u + s * a.tangent, a.tangent);
    lost = lost || !found;
    return found ? found->tangent[c] : 0.0;
  };
  const double reach = a.tangent.dot(b.u - a.u);
  double low = 0, high = reach, at_low = slope(low), at_high = slope(high);
  if (at_low * at_high > 0) {
    low = -reach, high = 2 * reach;
    at_low = slope(low), at_high = slope(high);
  }
  if (lost || !(at_low * at_high < 0)) return {};
  std::uintmax_t evaluations = 40;
  const auto close = [&](double l, double h) { return h - l < 1e-9 * std::max(1.0, reach); };
  std::tie(low, high) =
      boost::math::tools::toms748_solve(slope, low, high, at_low, at_high, close, evaluations);
  slope((low + high) / 2);
  return lost ? std::nullopt : found;
}

}  // namespace quenched
