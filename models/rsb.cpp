#include <algorithm>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/linearised_map.hpp>

#include "rsb_equations.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::VectorXd;
using E = RsbEquations;

constexpr double unsplit = 1e-4;  // q1 - q0 below this share of q1, for k and for v: the states have merged

struct State {
  VectorXd x;  // eight overlaps, then log Y
  FixedPointReport report;
  [[nodiscard]] double Y() const { return std::exp(x[8]); }
  [[nodiscard]] bool split(double share = unsplit) const {
    return x[2] - x[1] > share * x[2] || x[6] - x[5] > share * x[6];
  }
};

/// Finds the branch on the coarsest rule: upward in Y, and to the root of Sigma where Y is free.
class Search {
 public:
  Search(const RsbEquations& equations, const ErmResult& rs, double tolerance)
      : equations_(equations), rs_(rs), tolerance_(tolerance) {
    last_.x = VectorXd(9);
    last_.x << E::split(rs.overlaps, 0.7, 0.7), 0;
  }

  State at(double Y) { return at(Y, tolerance_); }

  /// The maximum of phi over Y: Sigma falls through 0. Bracketed in steps, then by false position in log Y,
  /// an end that stays counting half each time.
  State optimum() {
    const double guess = 0.5 / std::max(rs_.energy, 1e-3),
                 rough = std::max(tolerance_, std::min(10 * tolerance_, 1e-3));
    State low = at(guess, rough), high = low;
    double f_low = slope(low), f_high = f_low;
    constexpr double stride = 1.6, furthest = 60;
    for (bool falls = false; f_high > 0 && high.split() && high.Y() < furthest * guess;) {
      const State next = at(stride * high.Y(), rough);
      const double f = slope(next);
      // Inner points that no longer resolve exp(-Y M), before a zero is seen: where phi is flattest.
      if (falls && f > f_high) return at(high.Y());
      falls = f < f_high;
      low = high, f_low = f_high, high = next, f_high = f;
    }
    while (f_low <= 0 && low.split() && low.Y() > guess / furthest)
      high = low, f_high = f_low, low = at(low.Y() / stride, rough), f_low = slope(low);
    if (!(f_low > 0 && f_high <= 0)) return at((f_low > 0 ? high : low).Y());
    constexpr double close = 0.05;  // in log Y; the finer rules go on from there
    double best = low.x[8];
    bool raised = false;
    for (int step = 0; step < 6; ++step) {
      const double a = low.x[8], b = high.x[8], before = best;
      best = a + std::clamp(f_low / (f_low - f_high), 0.05, 0.95) * (b - a);
      if (std::abs(best - before) < close || b - a < close) break;
      const State s = at(std::exp(best), rough);
      const double f = slope(s);
      const bool raises = f > 0;
      if (step > 0 && raises == raised) (raises ? f_high : f_low) /= 2;
      (raises ? low : high) = s, (raises ? f_low : f_high) = f;
      raised = raises;
    }
    return at(std::exp(best));
  }

  int iterations = 0;

 private:
  State at(double Y, double tolerance) {
    constexpr double stride = 2.5;  // of one step of the continuation in Y
    const double first = 0.5 / std::max(rs_.energy, 1e-3);
    double from = iterations ? last_.Y() : Y < stride * first ? Y : first;
    for (;; from = Y > from ? std::min(Y, stride * from) : std::max(Y, from / stride)) {
      constexpr double coarse = 1e-2;  // on the way
      const FixedPointReport report = equations_.solve(
          ahead(from), from, from == Y ? tolerance : std::max(coarse, tolerance), iterations ? 1 : 6);
      iterations += report.iterations;
      last_.report = report;
      if (report.x.allFinite()) {
        if (iterations > report.iterations) before_ = last_.x;
        last_.x << report.x, std::log(from);
      }
      if (from == Y) return last_;
    }
  }

  /// d phi/d log Y = Sigma/Y.
  double slope(const State& s) {
    return equations_.update(s.x.head(8), s.Y(),
                             equations_.means(s.x.head(8), s.Y(), false).value)[E::complexity] /
           s.Y();
  }

  /// A start at Y on the line through the last two states, as functions of log Y.
  [[nodiscard]] VectorXd ahead(double Y) const {
    if (before_.size() == 0 || before_[8] == last_.x[8]) return last_.x.head(8);
    const double share = std::clamp((std::log(Y) - last_.x[8]) / (last_.x[8] - before_[8]), -1.0, 1.0);
    const VectorXd x = last_.x.head(8) + share * (last_.x - before_).head(8);
    return equations_.feasible(x) ? x : last_.x.head(8).eval();
  }

  const RsbEquations& equations_;
  const ErmResult& rs_;
  double tolerance_;
  State last_;
  VectorXd before_;  // the state before the last
};

RsbResult replica_symmetric(const ErmResult& rs) {
  RsbResult result;
  const auto doubled = [](const OrderParameters& o) {
    return RsbOverlaps{o.m_k, o.q_k, o.q_k, o.V_k, o.m_v, o.q_v, o.q_v, o.V_v};
  };
  result.overlaps = doubled(rs.overlaps);
  result.test_error = rs.test_error, result.train_error = rs.train_error;
  result.potential = result.energy = rs.energy;
  result.complexity = result.gain = 0;
  result.uncertainty = {rs.uncertainty.test_error,
                        rs.uncertainty.train_error,
                        rs.uncertainty.energy,
                        rs.uncertainty.energy,
                        0,
                        0,
                        unknown,
                        doubled(rs.uncertainty.overlaps)};
  result.certificate = rs.certificate;
  result.inside_eigenvalue = result.between_eigenvalue = rs.certificate.stability_eigenvalue;
  result.inside_error = result.between_error = rs.certificate.stability_error;
  return result;
}

void say_symmetric(Certificate& c) {
  if (c.verdict == Verdict::trusted)
    c.advice = "Replica symmetry is stable here: this is its solution. " + c.advice;
  if (c.verdict == Verdict::unstable || c.verdict == Verdict::marginal)
    c.advice =
        "The states merge at this Y and leave the replica-symmetric solution: rely on `quenched simulate`.";
}

void advise(Certificate& c) {
  if (c.verdict == Verdict::unstable)
    c.advice =
        "One step of replica-symmetry breaking is not enough here: closer than replica symmetry, but check "
        "with `quenched simulate`.";
  if (c.verdict == Verdict::marginal)
    c.advice =
        "A stability eigenvalue cannot be told from 1: one step is nearly exact; check with `quenched "
        "simulate`.";
  if (c.verdict == Verdict::jumps)
    c.advice =
        "The proximal point still jumps inside a state, so more steps may exist: check with `quenched "
        "simulate`.";
}

/// The map along the branch, from the coarsest rule: it steers the finer ones and carries errors.
struct Derivatives {
  LinearisedMap map;
  VectorXd by_Y;  // d(overlaps and outputs)/d log Y at the fixed point

  Derivatives() = default;
  Derivatives(const RsbEquations& equations, const State& s) {
    // A sampled map may leap as minima change: over longer steps that averages out.
    const double Y = s.Y(), h = equations.sampled() ? 3e-2 : 1e-3, step = equations.sampled() ? 1e-2 : 1e-4;
    const auto at = [&](double Y_) {
      return [&equations, Y_](const VectorXd& x) -> VectorXd {
        return equations.update(x, Y_, equations.means(x, Y_, false).value);
      };
    };
    map = LinearisedMap(
        jacobian(at(Y), s.x.head(8), step, [&](const VectorXd& x) { return equations.feasible(x); }));
    by_Y = map.carried((at(Y * std::exp(h))(s.x.head(8)) - at(Y * std::exp(-h))(s.x.head(8))) / (2 * h));
  }
};

/// Newton's method at fixed Y with derivatives at hand.
void refine(const RsbEquations& equations, const Derivatives& d, double tolerance, double floor, State& s) {
  const double Y = s.Y();
  s.report = fixed_point(
      [&](const VectorXd& x) -> VectorXd {
        return d.map.next(x, equations.update(x, Y, equations.means(x, Y, false).value));
      },
      s.x.head(8),
      {.tolerance = tolerance, .map_error = floor, .max_iterations = 15, .feasible = [&](const VectorXd& x) {
         return equations.feasible(x);
       }});
  s.x.head(8) = s.report.x;
}

/// `result` and `worst`, its error relative to the tolerance's scale, are those of the last resolution where
/// OutOfWork is thrown.
RsbResult solve_rsb(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
                    double ridge_v, std::optional<double> parisi, const RsbOptions& options,
                    RsbResult& result, double& worst) {
  const ErmOptions full{.tolerance = options.tolerance,
                        .start = options.start,
                        .points = options.points,
                        .seed = options.seed,
                        .threads = options.threads,
                        .work = options.work};
  ErmOptions start = full;  // at a given Y only the states decide whether they merge
  if (parisi) start.responses = start.symmetry = false;
  const auto solution = [&](const ErmOptions& how) {
    return erm(problem, activation, alpha, ridge_k, ridge_v, how);
  };
  const ErmResult rs = solution(start);
  const auto unbroken = [&] {
    RsbResult same = replica_symmetric(parisi ? solution(full) : rs);
    say_symmetric(same.certificate);
    return same;
  };
  if (!rs.certificate.converged || (!parisi && !may_split(rs.certificate))) return unbroken();
  result.broken = true;

  const double target = std::max(1e-8, 1e-2 * options.tolerance);
  State s;
  Derivatives slopes;
  int iterations = 0;
  const auto work = std::make_shared<WorkLimit>(10 * options.work);
  const int finest = rsb_last_level(problem, activation, options.points);
  for (int level = options.points > 0 ? finest : rsb_first_level(problem, activation, parisi.has_value());;) {
    const RsbEquations equations(problem, activation, alpha, ridge_k, ridge_v,
                                 {level, options.seed, options.threads, work});
    if (!slopes.map.known()) {
      // Near enough for the finer rules to go on from; Sigma on a grid needs more. A sampled map leaps a
      // little as minima are searched again.
      const double near = level == finest ? 0 : equations.sampled() ? 1e-3 : parisi ? 1e-4 : 0;
      Search search(equations, rs, std::max(near, target));
      s = parisi ? search.at(*parisi) : search.optimum();
      iterations += search.iterations;
      if (constexpr double plain = 0.05; level < 0 && !(s.report.reached() && s.split(plain))) {
        // grids see no difference below their step
        level = 0;
        continue;
      }
      if (s.report.reached() && !s.split()) return unbroken();
      slopes = Derivatives(equations, s);
    } else {
      const double floor = 0.05 * std::min(worst, 1.0);
      refine(equations, slopes, target, floor, s);
      iterations += s.report.iterations;
      if (!parisi) {  // one step towards Sigma = 0: phi and the test error are flat there, and what is left
                      // counts as error
        const double Sigma = equations.update(
            s.x.head(8), s.Y(), equations.means(s.x.head(8), s.Y(), false).value)[E::complexity];
        const double move = std::clamp(Sigma / std::abs(slopes.by_Y[E::complexity]), -0.3, 0.3);
        State moved = s;
        moved.x.head(8) += move * slopes.by_Y.head(8), moved.x[8] += move;
        if (std::isfinite(move) && equations.feasible(moved.x.head(8))) {
          refine(equations, slopes, target, floor, moved);
          iterations += moved.report.iterations;
          if (moved.report.reached()) s = moved;
        }
      }
    }

    const VectorXd x = s.x.head(8);
    const double Y = s.Y();
    const ChannelMeans means = equations.means(x, Y, true);
    const VectorXd value = equations.update(x, Y, means.value);
    VectorXd left = VectorXd::Zero(E::outputs);
    left.head(8) = value.head(8) - x;
    left = slopes.map.carried(left);
    ArrayXd error = left.array().square();
    double complexity_error = parisi ? 0 : std::pow(value[E::complexity], 2);
    const double inside = equations.inside_eigenvalue(x, means.value),
                 between = equations.between_eigenvalue(x, Y, means.value);
    double inside_error = 0, between_error = 0, gain = value[E::potential] - rs.energy, gain_error = 0;
    std::vector<double> potential_changes;
    for (Eigen::Index r = 0; r < means.deviation.rows(); ++r) {
      const ArrayXd moved = means.value + means.deviation.row(r).transpose();
      VectorXd change = equations.update(x, Y, moved) - value;
      potential_changes.push_back(change[E::potential]);
      const double phi_change = change[E::potential];
      change = slopes.map.carried(change);
      change[E::potential] = phi_change;  // stationary in the overlaps
      error += change.array().square();
      if (!parisi) complexity_error += std::pow(change[E::complexity], 2);
      inside_error += std::pow(equations.inside_eigenvalue(x, moved) - inside, 2);
      between_error += std::pow(equations.between_eigenvalue(x, Y, moved) - between, 2);
    }
    if (equations.same_points()) {
      // phi of replica symmetry with its fields split like these states': on the same points most of the
      // error cancels.
      const double share_k = (x[1] - x[0] * x[0]) / (x[2] - x[0] * x[0]),
                   share_v = (x[5] - x[4] * x[4]) / (x[6] - x[4] * x[4]);
      const VectorXd symmetric = E::split(rs.overlaps, 1, 1), alike = E::split(rs.overlaps, share_k, share_v);
      const ChannelMeans m =
          equations.means(alike, 1e-12, false);  // Y = 0: no reweighting, <M> over the split fields
      const auto phi = [&](ArrayXd at) {
        at[rsb_mean::log_mean] = -Y * at[rsb_mean::loss];
        return equations.update(symmetric, Y, at)[E::potential];
      };
      const double symmetric_phi = phi(m.value);
      gain = value[E::potential] - symmetric_phi;
      for (Eigen::Index r = 0; r < m.deviation.rows(); ++r)
        gain_error += std::pow(potential_changes[static_cast<std::size_t>(r)] + symmetric_phi -
                                   phi(m.value + m.deviation.row(r).transpose()),
                               2);
    } else {
      gain_error = error[E::potential] + std::pow(rs.uncertainty.energy, 2);
    }
    // The best Y is where Sigma = 0, known to a factor of two at worst.
    const double Y_error =
        parisi ? 0 : std::min(0.7, std::sqrt(complexity_error) / std::abs(slopes.by_Y[E::complexity]));
    VectorXd values(E::outputs);
    values << x, value.tail(5);
    const ArrayXd fixed_Y = error.sqrt();
    ArrayXd along_Y = Y_error * slopes.by_Y.array();
    along_Y[E::potential] = 0;
    error = (error + along_Y.square()).sqrt().eval();
    worst = std::max((fixed_Y / values.array().abs().max(1)).maxCoeff(),
                     error[E::test_error] / std::max(1.0, value[E::test_error]));
    result.overlaps = E::overlaps(x);
    result.parisi = Y;
    result.test_error = value[E::test_error], result.train_error = value[E::train_error],
    result.potential = value[E::potential];
    result.energy = value[E::energy], result.complexity = value[E::complexity], result.gain = gain;
    result.uncertainty = {error[E::test_error], error[E::train_error],     error[E::potential],
                          error[E::energy],     error[E::complexity],      std::sqrt(gain_error),
                          Y * Y_error,          E::overlaps(error.head(8))};
    result.inside_eigenvalue = inside, result.inside_error = std::sqrt(inside_error);
    result.between_eigenvalue = between, result.between_error = std::sqrt(between_error);
    Certificate& c = result.certificate;
    c = {};
    c.converged = s.report.reached();
    c.residual = ((value.head(8) - x).array() / (1 + x.array().abs())).abs().maxCoeff();
    c.iterations = iterations;
    c.integration_rule = equations.rule();
    c.stability_eigenvalue = std::max(inside, between);
    c.stability_error = inside > between ? result.inside_error : result.between_error;
    c.jump_weight = E::jump_weight(Y, means.value);
    c.integration_error = fixed_Y.maxCoeff();
    if (worst <= options.tolerance || level >= finest || !std::isfinite(worst)) {
      judge(c, {.reached = c.converged, .error = worst, .tolerance = options.tolerance});
      advise(c);
      return result;
    }
    // As in erm(): a sampled rule's error falls like its step, another's faster than can be foretold.
    const double halvings = std::log2(worst / options.tolerance);
    level =
        std::min(finest, level + (equations.sampled() ? std::max(1, static_cast<int>(std::lround(halvings)))
                                  : halvings > 4      ? 2
                                                      : 1));
  }
}

}  // namespace

RsbResult rsb(const Problem& problem, const Activation& activation, double alpha, double ridge_k,
              double ridge_v, std::optional<double> parisi, const RsbOptions& options) {
  if (parisi && !(*parisi > 0 && std::isfinite(*parisi)))
    throw InvalidInput("parisi", std::to_string(*parisi), "needs finite numbers > 0, or optimal");
  RsbResult result;
  double worst = INFINITY;
  try {
    return solve_rsb(problem, activation, alpha, ridge_k, ridge_v, parisi, options, result, worst);
  } catch (const OutOfWork&) {
    judge(result.certificate, {.reached = result.certificate.converged,
                               .error = worst,
                               .tolerance = options.tolerance,
                               .stopped = true});
    return result;
  }
}

}  // namespace quenched
