#include <algorithm>
#include <array>
#include <boost/math/tools/roots.hpp>
#include <boost/numeric/odeint/stepper/controlled_runge_kutta.hpp>
#include <boost/numeric/odeint/stepper/dense_output_runge_kutta.hpp>
#include <boost/numeric/odeint/stepper/generation.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>
#include <functional>
#include <quenched/dynamics.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>

#include "gradient_moments.hpp"

namespace quenched {
namespace {

namespace odeint = boost::numeric::odeint;

constexpr int dynamics_replicates = 16;
constexpr std::size_t overlap_count = std::size(overlap_names);
using OverlapState = std::array<double, overlap_count>;

OverlapState state_of(const Overlaps& o) {
  OverlapState x;
  for (std::size_t i = 0; i < overlap_count; ++i) x[i] = o.*overlap_names[i].value;
  return x;
}

Overlaps overlaps_of(const OverlapState& x) {
  Overlaps o;
  for (std::size_t i = 0; i < overlap_count; ++i) o.*overlap_names[i].value = x[i];
  return o;
}

/// (9.2): k moves at rate_k (E r u x - lambda k), v at rate_v; a step of size eta adds eta^2 times its
/// square.
Overlaps drift(const DynamicsSpecification& specification, const Overlaps& o, const GradientMoments& E) {
  const double lambda = specification.ridge, eta = specification.learning_rate;
  double rate_k = 1, rate_v = 1, square = 0;
  if (specification.method == Descent::sgd) rate_k = rate_v = eta, square = eta * eta;
  if (specification.method == Descent::preconditioned_flow) {
    const auto inverse = [&](double curvature) {
      return curvature + lambda > 0 ? 1 / (curvature + lambda) : 0;
    };
    rate_k = inverse(E.u_square), rate_v = inverse(E.s_square);
  }
  return {.m_k = rate_k * (E.u_chi_star - lambda * o.m_k),
          .q_k = 2 * rate_k * (E.u_chi - lambda * o.q_k) + square * E.uu,
          .m_v = rate_v * (E.s_z_star - lambda * o.m_v),
          .q_v = 2 * rate_v * (E.s_z - lambda * o.q_v) + square * E.ss,
          .m_kv = rate_k * (E.u_z_star - lambda * o.m_kv),
          .m_vk = rate_v * (E.s_chi_star - lambda * o.m_vk),
          .q_kv = rate_k * (E.u_z - lambda * o.q_kv) + rate_v * (E.s_chi - lambda * o.q_kv) + square * E.us};
}

/// The equation as one scrambling sees it.
class PointDynamics {
 public:
  PointDynamics(const Problem& problem, const Activation& activation,
                const DynamicsSpecification& specification, const std::vector<PopulationFields>& points)
      : problem_(problem), activation_(activation), specification_(specification), points_(points) {}

  [[nodiscard]] OverlapState start() const { return state_of(specification_.start); }

  [[nodiscard]] double risk(const OverlapState& x) const {
    return mean_risk(points_, activation_, overlaps_of(x), problem_.noise);
  }

  /// Calls visit(dense, from, to) after each step, dense(t) being the state at from <= t <= to, until it
  /// returns false, `end` is passed, the overlaps diverge or the steps are spent.
  template <class Visit>
  void follow(double end, double tolerance, int& evaluations, const Visit& visit) const {
    constexpr double diverged = 1e8, shortest = 1e-12;
    constexpr int most_steps = 10'000;
    auto stepper =
        odeint::make_dense_output(tolerance, tolerance, odeint::runge_kutta_dopri5<OverlapState>());
    const auto slope = [&](const OverlapState& x, OverlapState& dx, double) {
      const Overlaps o = overlaps_of(x);
      dx = state_of(drift(specification_, o, gradient_moments(points_, activation_, o, problem_.noise)));
      ++evaluations;
    };
    const auto dense = [&](double t) {
      OverlapState x;
      stepper.calc_state(t, x);
      return x;
    };
    stepper.initialize(start(), 0, std::min(0.01, end));
    for (int step = 0; step < most_steps && stepper.current_time() < end; ++step) {
      try {
        stepper.do_step(slope);
      } catch (const odeint::odeint_error&) {  // no step is short enough
        return;
      }
      const double from = stepper.previous_time(), to = stepper.current_time();
      const bool finite =
          std::ranges::all_of(stepper.current_state(), [](double x) { return std::abs(x) < diverged; });
      if (!finite || to - from < shortest * (1 + end) || !visit(dense, from, to)) return;
    }
  }

 private:
  const Problem& problem_;
  const Activation& activation_;
  const DynamicsSpecification& specification_;
  const std::vector<PopulationFields>& points_;
};

/// Time, overlaps and risk at one place of a path; NaN where it was not reached.
using Place = Eigen::Array<double, 1, overlap_count + 2>;
using Places = Eigen::Array<double, Eigen::Dynamic, overlap_count + 2, Eigen::RowMajor>;

Place place(const PointDynamics& path, double t, const OverlapState& x) {
  Place p;
  p << t, Eigen::Map<const Eigen::Array<double, 1, overlap_count>>(x.data()), path.risk(x);
  return p;
}

/// Follows a path with the tolerance of its integrator and counts the evaluations.
using Follow = std::function<Places(const PointDynamics& path, double tolerance, int& evaluations)>;

Places at_times(const std::vector<double>& times, const PointDynamics& path, double tolerance,
                int& evaluations) {
  const auto count = static_cast<Eigen::Index>(times.size());
  Places places = Places::Constant(count, overlap_count + 2, unknown);
  Eigen::Index next = 0;
  if (times[0] == 0) places.row(next++) = place(path, 0, path.start());
  path.follow(times.back(), tolerance, evaluations, [&](const auto& dense, double, double to) {
    for (; next < count && times[next] <= to; ++next)
      places.row(next) = place(path, times[next], dense(times[next]));
    return true;
  });
  return places;
}

/// One place, where the risk is first down to `least` at the end of a step; unknown time when it is not by
/// `end`.
Places at_risk(double least, double end, const PointDynamics& path, double tolerance, int& evaluations) {
  if (path.risk(path.start()) <= least) return place(path, 0, path.start());
  Places found = Places::Constant(1, overlap_count + 2, unknown);
  path.follow(end, tolerance, evaluations, [&](const auto& dense, double from, double to) {
    to = std::min(to, end);
    const auto above = [&](double t) { return path.risk(dense(t)) - least; };
    const double last = above(to);
    if (last > 0) {
      found = place(path, unknown, dense(to));
      return true;
    }
    std::uintmax_t evaluations_left = 40;
    const double t =
        boost::math::tools::toms748_solve(above, from, to, above(from), last,
                                          boost::math::tools::eps_tolerance<double>(30), evaluations_left)
            .second;
    found = place(path, t, dense(t));
    return false;
  });
  return found;
}

void check(const DynamicsSpecification& s, const DynamicsOptions& options) {
  check(s.start);
  const auto positive = [](const char* key, double x) {
    if (!(x > 0) || std::isinf(x)) throw InvalidInput(key, std::to_string(x), "needs a finite number > 0");
  };
  if (s.method == Descent::sgd) positive("learning_rate", s.learning_rate);
  positive("tolerance", options.tolerance);
  if (!(s.ridge >= 0) || std::isinf(s.ridge))
    throw InvalidInput("ridge", std::to_string(s.ridge), "needs a finite number >= 0");
  if (s.times.empty()) throw InvalidInput("time", "(empty)", "needs at least one time >= 0");
  for (std::size_t i = 0; i < s.times.size(); ++i)
    if (!(s.times[i] >= 0) || std::isinf(s.times[i]) || (i > 0 && !(s.times[i] > s.times[i - 1])))
      throw InvalidInput("time", std::to_string(s.times[i]), "needs increasing finite times >= 0");
}

DynamicsState state_at(const std::vector<Places>& paths, Eigen::Index i, const Place& residual,
                       const std::string& rule, int evaluations, double tolerance) {
  Batch each(dynamics_replicates, overlap_count + 2);
  for (int r = 0; r < dynamics_replicates; ++r) each.row(r) = paths[static_cast<std::size_t>(r)].row(i);
  const Place mean = each.colwise().mean();
  const Place twice = replicate_deviations(each).square().colwise().sum().sqrt();
  const Place error = 1.5 * twice + residual;
  DynamicsState at;
  at.time = mean[0], at.uncertainty.time = error[0];
  for (std::size_t j = 0; j < overlap_count; ++j) {
    at.overlaps.*overlap_names[j].value = mean[static_cast<Eigen::Index>(j) + 1];
    at.uncertainty.overlaps.*overlap_names[j].value = error[static_cast<Eigen::Index>(j) + 1];
  }
  at.test_error = mean[overlap_count + 1], at.uncertainty.test_error = error[overlap_count + 1];
  Certificate& c = at.certificate;
  c.converged = mean.allFinite();
  c.residual = residual.maxCoeff<Eigen::PropagateNaN>();
  c.iterations = evaluations;
  c.integration_rule = rule;
  Place scaled = error;
  scaled[0] /= 1 + at.time;
  c.integration_error = scaled.maxCoeff<Eigen::PropagateNaN>();
  judge(c, {.reached = c.converged, .error = c.integration_error, .tolerance = tolerance});
  return at;
}

std::vector<DynamicsState> solved(const Problem& problem, const Activation& activation,
                                  const DynamicsSpecification& specification, const DynamicsOptions& options,
                                  const Follow& follow) {
  check(problem);
  check(specification, options);
  const int most = most_points(problem, dynamics_replicates);
  for (int size = options.points > 0 ? options.points : std::min(1 << 9, most);;) {
    const auto points = population_fields(problem, size, dynamics_replicates, options.seed, options.threads);
    const double tolerance = options.tolerance / 1000;   // of a step of the integrator
    std::vector<Places> paths(dynamics_replicates + 1);  // the last one again, with a looser tolerance
    std::vector<int> evaluations(dynamics_replicates + 1);
    parallel_for(dynamics_replicates + 1, options.threads, [&](int i) {
      const bool again = i == dynamics_replicates;
      const auto r = static_cast<std::size_t>(again ? i - 1 : i);
      paths[static_cast<std::size_t>(i)] = follow({problem, activation, specification, points[r]},
                                                  again ? 10 * tolerance : tolerance, evaluations[i]);
    });
    const Places residual = (paths[dynamics_replicates] - paths[dynamics_replicates - 1]).abs();
    std::vector<DynamicsState> states;
    double error = 0;
    bool lost = false;  // worth no more points
    for (Eigen::Index i = 0; i < residual.rows(); ++i) {
      states.push_back(state_at(paths, i, residual.row(i),
                                std::to_string(dynamics_replicates) + " x " + std::to_string(size) +
                                    " scrambled Sobol points, Dormand and Prince",
                                evaluations[0], options.tolerance));
      const Certificate& c = states.back().certificate;
      if (c.converged) error = std::max(error, c.integration_error);
      lost = lost || !c.converged;
    }
    const int enough = lost ? std::min(most, 1 << 11) : most;
    if (options.points > 0 || error <= options.tolerance || size >= enough) return states;
    const double missing = std::ceil(std::log2(error / options.tolerance));  // errors fall like 1/size, about
    size = static_cast<int>(std::min<double>(enough, size * std::exp2(missing)));
  }
}

}  // namespace

std::string name_of(Descent method) {
  switch (method) {
    case Descent::sgd:
      return "sgd";
    case Descent::flow:
      return "flow";
    case Descent::preconditioned_flow:
      return "preconditioned-flow";
  }
  return "unknown";
}

Descent descent_named(const std::string& name) {
  for (const Descent method : {Descent::sgd, Descent::flow, Descent::preconditioned_flow})
    if (name_of(method) == name) return method;
  throw InvalidInput("method", name, "needs one of sgd, flow, preconditioned-flow");
}

std::vector<DynamicsState> dynamics(const Problem& problem, const Activation& activation,
                                    const DynamicsSpecification& specification,
                                    const DynamicsOptions& options) {
  auto states = solved(problem, activation, specification, options,
                       [&](const PointDynamics& path, double tolerance, int& evaluations) {
                         return at_times(specification.times, path, tolerance, evaluations);
                       });
  for (std::size_t i = 0; i < states.size(); ++i) {
    states[i].time = specification.times[i];
    if (states[i].certificate.verdict == Verdict::not_converged)
      states[i].certificate.advice =
          "The overlaps diverge before this time, or 10000 steps do not reach it: lower the learning rate, "
          "raise the ridge, or ask for earlier times.";
  }
  return states;
}

DynamicsState first_time_below(double risk, const Problem& problem, const Activation& activation,
                               const DynamicsSpecification& specification, const DynamicsOptions& options) {
  if (!std::isfinite(risk)) throw InvalidInput("until", std::to_string(risk), "needs a finite risk");
  DynamicsState state =
      solved(problem, activation, specification, options,
             [&](const PointDynamics& path, double tolerance, int& evaluations) {
               return at_risk(risk, specification.times.back(), path, tolerance, evaluations);
             })
          .front();
  if (state.certificate.verdict == Verdict::not_converged)
    state.certificate.advice =
        "The risk is not down to this by the last time: look further with --time, or ask for more.";
  return state;
}

}  // namespace quenched
