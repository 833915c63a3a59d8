#include "descents.hpp"

#include <algorithm>
#include <numeric>
#include <quenched/normal_stream.hpp>

#include "single_steps.hpp"

namespace quenched {
namespace {

using Vector = Eigen::VectorXd;

/// A training under way: its options, where it is, how it ended.
class FixedSteps {
 public:
  FixedSteps(const Objective& objective, const Vector& start, const TrainingOptions& options,
             const TrainingObserver& observer)
      : objective_(objective), options_(options), observer_(observer), D_(objective.dimension()) {
    result_.theta = start;
    if (options.learning_rate == 0)
      options_.learning_rate = options.trainer == Trainer::adam                     ? 0.02
                               : options.trainer == Trainer::preconditioned_descent ? 0.2
                                                                                    : 0.5;
  }

  TrainingResult run() {
    switch (options_.trainer) {
      case Trainer::adam:
        adam();
        break;
      case Trainer::sgd:
        sgd();
        break;
      default:
        full_batch();
    }
    return result_;
  }

 private:
  /// The whole objective at theta. Status not_run: neither converged, diverged nor interrupted.
  Vector look(Eigen::Array2d* curvature = nullptr) {
    Vector gradient;
    result_.objective = objective_(result_.theta, gradient, curvature);
    ++result_.evaluations;
    result_.gradient_norm = gradient.norm() / std::sqrt(static_cast<double>(D_));
    if (!std::isfinite(result_.objective) || !std::isfinite(result_.gradient_norm))
      result_.status = TrainingStatus::not_finite;
    else if (result_.gradient_norm <= options_.gradient_tolerance)
      result_.status = TrainingStatus::converged;
    return gradient;
  }
  /// Told how far it is, at every look at the stop.
  bool interrupted(double share) {
    if (observer_.progress) observer_.progress(share);
    if (observer_.stop && *observer_.stop) result_.status = TrainingStatus::interrupted;
    return result_.status == TrainingStatus::interrupted;
  }

  /// Where fixed steps ended: what they reached, and that they took them all.
  void ended() {
    look();
    if (result_.status == TrainingStatus::not_run) result_.status = TrainingStatus::finished;
  }

  void full_batch() {
    const int most = options_.epochs > 0 ? options_.epochs : options_.max_evaluations;
    const double plain = static_cast<double>(D_) / static_cast<double>(objective_.samples().size());
    double first_gradient = 0;
    const auto share = [&] {
      return options_.epochs > 0
                 ? static_cast<double>(result_.iterations) / most
                 : share_of_descent(first_gradient, result_.gradient_norm, options_.gradient_tolerance);
    };
    for (Eigen::Array2d curvature; !interrupted(share());) {
      const Vector gradient = look(&curvature);
      if (first_gradient == 0) first_gradient = result_.gradient_norm;
      if (result_.status != TrainingStatus::not_run) return;
      if (result_.iterations == most) {
        result_.status = options_.epochs > 0 ? TrainingStatus::finished : TrainingStatus::max_evaluations;
        return;
      }
      ++result_.iterations;
      const Eigen::Array2d rate = options_.trainer == Trainer::preconditioned_descent
                                      ? Eigen::Array2d(options_.learning_rate / curvature)
                                      : Eigen::Array2d::Constant(options_.learning_rate * plain);
      result_.theta.head(D_) -= rate[0] * gradient.head(D_);
      result_.theta.tail(D_) -= rate[1] * gradient.tail(D_);
    }
  }

  /// Kingma and Ba, arXiv:1412.6980, algorithm 1.
  void adam() {
    constexpr double beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8;
    const int epochs = options_.epochs > 0 ? options_.epochs : 200;
    std::vector<Eigen::Index> order(static_cast<std::size_t>(objective_.batches()));
    std::iota(order.begin(), order.end(), 0);
    const double steps = static_cast<double>(epochs) * static_cast<double>(order.size());
    Vector gradient, mean = Vector::Zero(2 * D_), square = mean;
    for (int epoch = 0; epoch < epochs && !interrupted(static_cast<double>(epoch) / epochs); ++epoch) {
      shuffle(order, stream_key(options_.key, static_cast<std::uint64_t>(epoch)));
      for (const Eigen::Index batch : order) {
        static_cast<void>(objective_.batch(result_.theta, batch, gradient));
        const double left = 1 - result_.iterations / steps, t = ++result_.iterations;
        mean += (1 - beta_1) * (gradient - mean);
        square += (1 - beta_2) * (gradient.cwiseAbs2() - square);
        const double rate = options_.learning_rate * left / (1 - std::pow(beta_1, t));
        result_.theta.array() -=
            rate * mean.array() / ((square.array() / (1 - std::pow(beta_2, t))).sqrt() + epsilon);
      }
    }
    if (result_.status == TrainingStatus::not_run) ended();
  }

  void sgd() {
    const Samples& samples = objective_.samples();
    const double share = static_cast<double>(D_) / static_cast<double>(samples.size());
    SingleSteps steps(objective_.activation(), options_.learning_rate, share * objective_.ridge_k(),
                      share * objective_.ridge_v(), result_.theta.head(D_), result_.theta.tail(D_));
    const double most =
        static_cast<double>(std::max(1, options_.epochs)) * static_cast<double>(samples.size());
    for (int epoch = 0; epoch < std::max(1, options_.epochs); ++epoch)
      for (const SampleOf& sample :
           in_random_order(samples, stream_key(options_.key, static_cast<std::uint64_t>(epoch)))) {
        if (result_.iterations % Samples::block == 0 && interrupted(result_.iterations / most)) return;
        steps.step(samples, sample);
        ++result_.iterations;
      }
    result_.theta << steps.k(), steps.v();
    ended();
  }

  const Objective& objective_;
  TrainingOptions options_;
  const TrainingObserver& observer_;
  Eigen::Index D_;
  TrainingResult result_;
};

}  // namespace

double share_of_descent(double first, double present, double tolerance) {
  const double share = std::log(first / present) / std::log(first / tolerance);
  return std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
}

TrainingResult descend(const Objective& objective, const Vector& start, const TrainingOptions& options,
                       const TrainingObserver& observer) {
  return FixedSteps(objective, start, options, observer).run();
}

}  // namespace quenched
