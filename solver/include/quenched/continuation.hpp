#pragma once
#include <Eigen/Core>
#include <functional>
#include <optional>
#include <quenched/fixed_point.hpp>
#include <vector>

namespace quenched {

struct ContinuationOptions {
  double tolerance = 1e-9;                                           // on max_i |G_i(u)|
  double first_step = 0.05, least_step = 1e-5, longest_step = 0.25;  // of arclength
  double turn = 0.2;      // largest angle, in radians, between the tangents of neighbouring points
  int max_points = 1000;  // of the curve
  /// Where the curve is followed: it ends with the first point outside. Empty: everywhere.
  std::function<bool(const Eigen::VectorXd&)> inside;
};

/// u, and the unit tangent there in the sense in which the curve is followed.
struct CurvePoint {
  Eigen::VectorXd u, tangent;
};

enum class CurveEnd {
  left,        // `inside` says no at the last point
  closed,      // back at the first point
  lost,        // no step down to least_step led to another point
  max_points,  // there is more of it
};
/// A word for a person: "left", "closed", ...
[[nodiscard]] std::string_view name_of(CurveEnd end);

struct SolutionCurve {
  std::vector<CurvePoint> points;
  CurveEnd end = CurveEnd::lost;
  int evaluations = 0;  // of G
};

/// The curve of solutions of G(u) = 0, n smooth equations in n + 1 unknowns, through `start` (corrected
/// first), in the sense in which tangent . direction > 0, by pseudo-arclength continuation (Keller 1977):
/// predictor along the tangent, Newton's method in the hyperplane normal to it, dG/du by central differences.
/// It passes folds of every coordinate, and goes straight on where another curve crosses. A start that
/// Newton's method does not correct gives no points. Throws InvalidInput for options out of range. Cost:
/// about 10 + 4 n evaluations of G a point.
[[nodiscard]] SolutionCurve follow(const Map& G, const Eigen::VectorXd& start,
                                   const Eigen::VectorXd& direction, const ContinuationOptions& options = {});

/// Where coordinate c is extremal along the curve between two neighbouring points, whose tangents must differ
/// in the sign of entry c: the root of tangent[c] in arclength (TOMS 748), and the point there. Empty when
/// the signs are equal or a corrector fails. G may differ a little from the one that gave the points (a finer
/// rule for the same averages): the bracket is widened by its own length. Cost: about 10 points of the curve.
[[nodiscard]] std::optional<CurvePoint> fold(const Map& G, const CurvePoint& a, const CurvePoint& b,
                                             Eigen::Index c, const ContinuationOptions& options = {});

}  // namespace quenched
