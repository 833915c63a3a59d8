#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <quenched/bayes_phase.hpp>
#include <quenched/invalid_input.hpp>

#include "bayes_equations.hpp"

namespace quenched {
namespace {

using Eigen::Vector2d;
using Eigen::Vector3d;
using Eigen::VectorXd;

constexpr Eigen::Index along_alpha = 2;  // u = (log q_k/(1 - q_k), log q_v/(1 - q_v), log alpha)

Vector2d overlaps(const VectorXd& u) { return (1 + (-u.head(2).array()).exp()).inverse(); }

Vector3d coordinates(const Vector2d& q, double alpha) {
  return {std::log(q[0] / (1 - q[0])), std::log(q[1] / (1 - q[1])), std::log(alpha)};
}

/// q/(1 - q) = alpha E|g|^2, in logarithms; no average depends on alpha. Past the work limit no number, so
/// that what was found so far stays.
Map curve_equations(const BayesChannel& channel, int level) {
  return [&channel, level](const VectorXd& u) -> VectorXd {
    try {
      const BayesRow mean = channel.averages(overlaps(u), level, false).colwise().mean();
      return (u.head(2).array() - u[along_alpha] - mean.head(2).transpose().log()).matrix();
    } catch (const OutOfWork&) {
      return Vector2d::Constant(unknown);
    }
  };
}

/// d log alpha for a relative change d of the two averages at fixed u, at a fold: l . dG = 0 with l the left
/// null vector of dG/dx there.
double moved(const Eigen::Matrix2d& dG_dx, const Vector2d& d) {
  const Vector2d l =
      std::abs(dG_dx(0, 0)) + std::abs(dG_dx(1, 0)) > std::abs(dG_dx(0, 1)) + std::abs(dG_dx(1, 1))
          ? Vector2d(dG_dx(1, 0), -dG_dx(0, 0))
          : Vector2d(dG_dx(1, 1), -dG_dx(0, 1));
  return -l.dot(d) / l.sum();
}

class PhaseSearch {
 public:
  PhaseSearch(const Problem& problem, const BayesChannel& channel, const BayesOptions& options,
              const WorkLimit& work)
      : problem_(problem), channel_(channel), options_(options), work_(work) {}

  [[nodiscard]] BayesThreshold spinodal(BayesThresholdKind kind, const CurvePoint& a, const CurvePoint& b) {
    return refined(kind, [&](int level, BayesThreshold& t) {
      const Map G = curve_equations(channel_, level);
      const auto at = fold(G, a, b, along_alpha, following());
      if (!at) return false;
      const Vector2d q = overlaps(at->u);
      const Batch averages = channel_.averages(q, level, true);
      const Batch wrong = bayes_deviations(channel_, averages, q, level);
      const Eigen::Array2d mean = averages.colwise().mean().head(2).transpose();
      const Eigen::Matrix2d J = jacobian(G, at->u, 1e-5).leftCols<2>();
      double square = std::pow(at->tangent[along_alpha], 2);
      for (Eigen::Index r = 0; r < wrong.rows(); ++r)
        square += std::pow(moved(J, wrong.row(r).head(2).transpose().array() / mean), 2);
      t.alpha = std::exp(at->u[along_alpha]);
      t.uncertainty = t.alpha * std::sqrt(square);
      t.q_k = q[0], t.q_v = q[1];
      t.certificate.residual = G(at->u).cwiseAbs().maxCoeff();
      return true;
    });
  }

  /// `before`, `after`: points of the outer branches between whose alphas the crossing lies, from low to
  /// high.
  [[nodiscard]] BayesThreshold crossing(const std::vector<CurvePoint>& uninformed,
                                        const std::vector<CurvePoint>& informed, double low, double high) {
    double t = (std::log(low) + std::log(high)) / 2;
    return refined(BayesThresholdKind::alpha_IT, [&, low = std::log(low), high = std::log(high)](
                                                     int level, BayesThreshold& threshold) {
      double from = low, to = high;
      for (int step = 0; step < 40; ++step) {
        const auto lower = on_branch(uninformed, t, level), upper = on_branch(informed, t, level);
        if (!lower || !upper) return false;
        const double alpha = std::exp(t), gap = upper->phi - lower->phi,
                     slope = alpha * (upper->mean[log_Z] - lower->mean[log_Z]);  // d gap/d log alpha
        (gap < 0 ? from : to) = t;
        double next = t - gap / slope;
        if (!(next > from && next < to)) next = (from + to) / 2;
        const double moved_by = std::abs(next - t);
        t = next;
        if (moved_by > 1e-8) continue;
        double square = std::pow(gap / slope, 2);
        const Batch wrong_lower = bayes_deviations(channel_, lower->averages, lower->q, level),
                    wrong_upper = bayes_deviations(channel_, upper->averages, upper->q, level);
        for (Eigen::Index r = 0; r < wrong_lower.rows(); ++r)  // stationary in q
          square += std::pow(alpha * (wrong_upper(r, log_Z) - wrong_lower(r, log_Z)) / slope, 2);
        threshold.alpha = std::exp(t);
        threshold.uncertainty = threshold.alpha * std::sqrt(square);
        threshold.q_k = upper->q[0], threshold.q_v = upper->q[1];
        threshold.certificate.residual = std::abs(gap);
        return true;
      }
      return false;
    });
  }

  [[nodiscard]] BayesState state(const CurvePoint& p) const {
    const double alpha = std::exp(p.u[along_alpha]);
    const Vector2d q = overlaps(p.u);
    const BayesEquations equations(channel_, alpha);
    const BayesRow mean = equations.averages(q, 0, true);
    return {alpha,
            q[0],
            q[1],
            1 + problem_.noise - q[1] * mean[attention],
            equations.free_entropy(q, mean),
            p.tangent[along_alpha] > 0};
  }

  static ContinuationOptions following() { return {.longest_step = 0.5, .turn = 0.25, .inside = {}}; }

 private:
  struct OnBranch {
    Vector2d q;
    Batch averages;
    BayesRow mean;
    double phi;
  };

  /// The fixed point at log alpha = t of a branch known by points on both sides, at a level of the rule.
  [[nodiscard]] std::optional<OnBranch> on_branch(const std::vector<CurvePoint>& branch, double t,
                                                  int level) const {
    const auto after =
        std::ranges::find_if(branch, [&](const CurvePoint& p) { return p.u[along_alpha] >= t; });
    if (after == branch.begin() || after == branch.end()) return {};
    const VectorXd &a = std::prev(after)->u, &b = after->u;
    const double share = (t - a[along_alpha]) / (b[along_alpha] - a[along_alpha]);
    Vector2d x = (a + share * (b - a)).head(2);
    const Map G = curve_equations(channel_, level);
    const Map at_t = [&](const VectorXd& y) -> VectorXd { return G(Vector3d(y[0], y[1], t)); };
    for (int step = 0; step < 20; ++step) {
      const Vector2d value = at_t(x);
      if (!value.allFinite()) return {};
      if (value.cwiseAbs().maxCoeff() < 1e-10) {
        const Vector2d q = overlaps(x);
        const BayesEquations equations(channel_, std::exp(t));
        OnBranch point{q, channel_.averages(q, level, true), {}, 0};
        point.mean = point.averages.colwise().mean();
        point.phi = equations.free_entropy(q, point.mean);
        return point;
      }
      x -= Eigen::Matrix2d(jacobian(at_t, x, 1e-5)).inverse() * value;
    }
    return {};
  }

  /// Levels of the rule until the uncertainty is below the tolerance; the last that the work limit lets
  /// through.
  template <class Find>
  [[nodiscard]] BayesThreshold refined(BayesThresholdKind kind, const Find& find) {
    BayesThreshold t{.kind = kind, .certificate = {}};
    try {
      for (int level = 1; level <= channel_.last_level(); ++level) {
        BayesThreshold finer = t;
        Certificate& c = finer.certificate;
        c.converged = find(level, finer);
        if (work_.passed()) break;
        c.integration_rule = channel_.rule(level);
        c.integration_error = finer.uncertainty;
        c.iterations = level;
        t = finer;
        if (!c.converged || t.uncertainty <= options_.tolerance) break;
      }
    } catch (const OutOfWork&) {
    }
    judge(t.certificate, {.reached = t.certificate.converged,
                          .error = t.uncertainty,
                          .tolerance = options_.tolerance,
                          .stopped = work_.passed()});
    return t;
  }

  const Problem& problem_;
  const BayesChannel& channel_;
  const BayesOptions& options_;
  const WorkLimit& work_;
};

}  // namespace

std::string name_of(BayesThresholdKind kind) {
  switch (kind) {
    case BayesThresholdKind::lower_spinodal:
      return "lower_spinodal";
    case BayesThresholdKind::alpha_IT:
      return "alpha_IT";
    case BayesThresholdKind::upper_spinodal:
      return "upper_spinodal";
  }
  return "unknown";
}

BayesPhase bayes_phase(const Problem& problem, double alpha_low, double alpha_high,
                       const BayesOptions& options) {
  check(problem);
  if (!(alpha_low > 0 && alpha_low < alpha_high && std::isfinite(alpha_high)))
    throw InvalidInput("alpha", std::to_string(alpha_low) + ":" + std::to_string(alpha_high),
                       "needs 0 < LOW < HIGH");
  if (!(problem.noise > 0))
    throw InvalidInput(
        "noise", "0", "needs a variance > 0 for phases: without noise v* is found exactly beyond some alpha");
  if (!(problem.task->signal() > 0)) throw InvalidInput("signal", "0", "needs a signal > 0 for phases");
  const double most = 10 * options.work;  // a curve may take what ten of its points may
  const auto work = std::make_shared<WorkLimit>(most);
  const auto channel =
      problem.task->independent_tokens() && !options.sampled
          ? independent_channel(problem, std::min(1e-5, options.tolerance / 10), options.threads)
          : sampled_channel(problem, options.points, options.seed, options.threads, work);
  BayesOptions start_options = options;
  start_options.tolerance = 1e-4;
  const BayesResult start = bayes(problem, alpha_low, Start::uninformed, start_options);
  ContinuationOptions following = PhaseSearch::following();
  following.inside = [&](const VectorXd& u) { return u[along_alpha] < std::log(alpha_high); };
  const Map G = curve_equations(*channel, 0);
  const SolutionCurve curve =
      follow(G, coordinates({start.q_k, start.q_v}, alpha_low), Vector3d(0, 0, 1), following);

  BayesPhase phase;
  phase.end = curve.end;
  phase.stopped = work->passed();
  work->begin(most);
  PhaseSearch search(problem, *channel, options, *work);
  // The branches between turns; those along which alpha grows are the stable ones.
  std::vector<std::vector<CurvePoint>> branches(1);
  std::vector<std::size_t> turns;
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    if (i > 0 && curve.points[i - 1].tangent[along_alpha] * curve.points[i].tangent[along_alpha] < 0) {
      turns.push_back(i);
      branches.emplace_back();
    }
    branches.back().push_back(curve.points[i]);
  }
  for (std::size_t k = 0; k + 1 < turns.size(); k += 2) {
    const auto at_turn = [&](std::size_t n, BayesThresholdKind kind) {
      return search.spinodal(kind, curve.points[turns[n] - 1], curve.points[turns[n]]);
    };
    BayesThreshold upper = at_turn(k, BayesThresholdKind::upper_spinodal),
                   lower = at_turn(k + 1, BayesThresholdKind::lower_spinodal);
    // Up to the folds themselves, between which the crossing lies.
    std::vector<CurvePoint> uninformed = branches[k], informed = branches[k + 2];
    uninformed.push_back({coordinates({upper.q_k, upper.q_v}, upper.alpha), {}});
    informed.insert(informed.begin(), {coordinates({lower.q_k, lower.q_v}, lower.alpha), {}});
    phase.thresholds.push_back(lower);
    phase.thresholds.push_back(search.crossing(uninformed, informed, lower.alpha, upper.alpha));
    phase.thresholds.push_back(upper);
  }

  work->begin(most);  // enough: to follow the curve took more
  for (std::size_t i = 0, turn = 0; i < curve.points.size(); ++i) {
    if (turn < turns.size() && turns[turn] == i) {  // the fold itself ends one branch and begins the next
      if (const std::size_t at = turn / 2 * 3 + (turn % 2 ? 0 : 2); at < phase.thresholds.size()) {
        const BayesThreshold& t = phase.thresholds[at];
        const VectorXd u = coordinates({t.q_k, t.q_v}, t.alpha);
        for (const CurvePoint& side : {curve.points[i - 1], curve.points[i]})
          if (u.allFinite()) phase.curve.push_back(search.state({u, side.tangent}));
      }
      ++turn;
    }
    phase.curve.push_back(search.state(curve.points[i]));
  }
  return phase;
}

}  // namespace quenched
