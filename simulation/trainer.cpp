#include <LBFGS.h>

#include <algorithm>
#include <charconv>
#include <quenched/invalid_input.hpp>
#include <quenched/normal_stream.hpp>
#include <quenched/trainer.hpp>
#include <stdexcept>
#include <utility>

#include "descents.hpp"

namespace quenched {
namespace {

using Vector = Eigen::VectorXd;

/// Thrown through the solver, which has no other way to be stopped.
struct Stopped {
  TrainingStatus status;
};

/// The objective as L-BFGS sees it: counts, remembers the lowest point, shortens steps that overflow.
struct Watched {
  const Objective& objective;
  const TrainingOptions& options;
  const TrainingObserver& observer;
  TrainingResult best;
  double first_gradient = 0;

  double operator()(const Vector& theta, Vector& gradient) {
    if (observer.stop && *observer.stop) throw Stopped{TrainingStatus::interrupted};
    if (options.epochs > 0 && best.evaluations == options.epochs) throw Stopped{TrainingStatus::finished};
    if (options.epochs == 0 && best.evaluations == options.max_evaluations)
      throw Stopped{TrainingStatus::max_evaluations};
    ++best.evaluations;
    const double value = objective(theta, gradient);
    if (!std::isfinite(value) || !gradient.allFinite()) {
      if (best.evaluations == 1) throw Stopped{TrainingStatus::not_finite};
      gradient.setZero();
      return 2 * best.objective + 1;  // higher than any point kept, and finite: the line search steps back
    }
    if (value < best.objective) record(theta, value, gradient);
    return value;
  }

  void record(const Vector& theta, double value, const Vector& gradient) {
    best.theta = theta;
    best.objective = value;
    best.gradient_norm = gradient.norm() / std::sqrt(static_cast<double>(objective.dimension()));
    if (first_gradient == 0) first_gradient = best.gradient_norm;
    if (observer.progress)
      observer.progress(share_of_descent(first_gradient, best.gradient_norm, options.gradient_tolerance));
  }
};

/// The library's line search, counted, and an error where it gives up in silence with a higher value.
template <class Scalar>
struct CountedLineSearch {
  static void LineSearch(Watched& f, Scalar& value, Vector& x, Vector& gradient, Scalar& step,
                         const Vector& direction, const Vector& from,
                         const LBFGSpp::LBFGSParam<Scalar>& parameters) {
    const Scalar before = value;
    ++f.best.iterations;
    LBFGSpp::LineSearchNocedalWright<Scalar>::LineSearch(f, value, x, gradient, step, direction, from,
                                                         parameters);
    if (!(value <= before)) throw std::runtime_error("no decrease");
  }
};

}  // namespace

std::string name_of(TrainingStatus status) {
  switch (status) {
    case TrainingStatus::not_run:
      return "not_run";
    case TrainingStatus::converged:
      return "converged";
    case TrainingStatus::finished:
      return "finished";
    case TrainingStatus::line_search:
      return "line_search";
    case TrainingStatus::max_evaluations:
      return "max_evaluations";
    case TrainingStatus::not_finite:
      return "not_finite";
    case TrainingStatus::interrupted:
      return "interrupted";
  }
  return "unknown";
}

Vector training_start(const Directions& directions, const TrainingOptions& options, std::uint64_t key) {
  if (!(options.start_scale >= 0) || std::isinf(options.start_scale))
    throw InvalidInput("start_scale", std::to_string(options.start_scale),
                       "needs a finite number >= 0 (0: default)");
  const double standard = options.start == TrainingStart::small ? 0.01 : 1;
  const double scale = options.start_scale > 0 ? options.start_scale : standard;
  const Eigen::Index D = directions.k_star.size();
  Eigen::VectorXf drawn(2 * D);
  if (options.start == TrainingStart::informed)
    drawn << directions.k_star, directions.v_star;
  else
    NormalStream(key).fill(drawn.data(), drawn.size());
  return scale * drawn.cast<double>();
}

TrainingOptions trainer_named(const std::string& text) {
  constexpr std::pair<const char*, Trainer> names[] = {
      {"l-bfgs", Trainer::l_bfgs},
      {"gradient-descent", Trainer::gradient_descent},
      {"preconditioned-descent", Trainer::preconditioned_descent},
      {"adam", Trainer::adam},
      {"sgd", Trainer::sgd}};
  const std::size_t colon = std::min(text.find(':'), text.size());
  for (const auto& [name, trainer] : names) {
    if (text.substr(0, colon) != name) continue;
    if (colon == text.size()) return {.trainer = trainer};
    const char *begin = text.data() + colon + 1, *end = text.data() + text.size();
    double rate = 0;
    const auto read = std::from_chars(begin, end, rate);
    if (trainer != Trainer::l_bfgs && read.ec == std::errc() && read.ptr == end && rate > 0 &&
        std::isfinite(rate))
      return {.trainer = trainer, .learning_rate = rate};
  }
  throw InvalidInput(
      "trainer", text,
      "needs one of l-bfgs, gradient-descent, preconditioned-descent, adam, sgd; all but l-bfgs "
      "take a finite learning rate > 0, as adam:0.02");
}

TrainingResult train(const Objective& objective, const Vector& start, const TrainingOptions& options,
                     const TrainingObserver& observer) {
  if (!(options.gradient_tolerance > 0))
    throw InvalidInput("gradient_tolerance", std::to_string(options.gradient_tolerance),
                       "needs a number > 0");
  if (options.max_evaluations < 1)
    throw InvalidInput("max_evaluations", std::to_string(options.max_evaluations), "needs at least 1");
  if (options.memory < 1) throw InvalidInput("memory", std::to_string(options.memory), "needs at least 1");
  if (!(options.learning_rate >= 0) || std::isinf(options.learning_rate))
    throw InvalidInput("learning_rate", std::to_string(options.learning_rate), "needs a finite number >= 0");
  if (options.epochs < 0) throw InvalidInput("epochs", std::to_string(options.epochs), "needs at least 0");
  if (options.trainer != Trainer::l_bfgs) return descend(objective, start, options, observer);

  LBFGSpp::LBFGSParam<double> parameters;
  parameters.m = options.memory;
  parameters.epsilon = options.gradient_tolerance * std::sqrt(static_cast<double>(objective.dimension()));
  parameters.epsilon_rel = 0;
  parameters.linesearch = LBFGSpp::LBFGS_LINESEARCH_BACKTRACKING_STRONG_WOLFE;
  parameters.max_linesearch = 40;

  Watched watched{objective, options, observer, {}};
  watched.best.theta = start;
  Vector theta = start;
  for (double tried = INFINITY;;) {
    try {
      double value = 0;
      LBFGSpp::LBFGSSolver<double, CountedLineSearch> solver(parameters);
      solver.minimize(watched, theta, value);
      Vector gradient;
      watched.record(theta, objective(theta, gradient), gradient);
      watched.best.status = TrainingStatus::converged;
      break;
    } catch (const Stopped& stopped) {
      watched.best.status = stopped.status;
      break;
    } catch (const std::exception&) {  // the line search failed, or the direction climbs
      if (!(watched.best.objective < tried)) {
        watched.best.status = TrainingStatus::line_search;
        break;
      }
      tried = watched.best.objective;
      theta = watched.best.theta;
    }
  }
  return watched.best;
}

std::size_t training_bytes(int dimension, const TrainingOptions& options) {
  const std::size_t vectors = 2 * static_cast<std::size_t>(options.memory) + 8;
  return sizeof(double) * vectors * 2 * static_cast<std::size_t>(dimension);
}

}  // namespace quenched
