#include <algorithm>
#include <cmath>
#include <mutex>
#include <quenched/invalid_input.hpp>
#include <quenched/task.hpp>

#include "token_race.hpp"

namespace quenched {
namespace {

/// max-SLR: tokens are plain Gaussian and eps ~ softmax(nu chi*); nu = infinity is eps = argmax chi*.
class Max final : public Task {
 public:
  explicit Max(double signal) : Task(signal) {}
  std::string name() const override { return "max"; }
  double bayes_slope() const override { return signal(); }
  bool independent_tokens() const override { return false; }

  /// omega = sqrt(q) normals, weight = L S_0((m/q) omega) at V = 1 - m^2/q, t = d log S_0/d a there.
  void fields(double m, double q, const Batch& normals, FieldLaw& law) const override {
    const Eigen::Index L = normals.cols();
    law.omega = std::sqrt(q) * normals;
    Batch log_S;
    if (m == 0 || q == 0) {
      wins(Batch::Zero(1, L), 1, 1, log_S, law.t);
      law.t = law.t.row(0).replicate(normals.rows(), 1).eval();
      law.weight = Eigen::ArrayXd::Ones(normals.rows());
    } else {
      wins(m / q * law.omega, std::max(0.0, 1 - m * m / q), 1, log_S, law.t);
      law.weight = static_cast<double>(L) * log_S.col(0).exp();
    }
  }

  void posterior(const Batch& a, double V, Batch& log_S, Batch& gradient, double accuracy) const override {
    wins(a, V, static_cast<int>(a.cols()), log_S, gradient, accuracy);
  }

  int plant(Rng& rng, const Eigen::VectorXf& k_star, Eigen::MatrixXf& X) const override {
    const Eigen::VectorXf chi_star = X.transpose() * k_star / std::sqrt(static_cast<float>(X.rows()));
    Eigen::Index eps = 0;
    if (std::isinf(signal())) {
      chi_star.maxCoeff(&eps);
    } else {
      const Eigen::ArrayXd p = (signal() * (chi_star.array() - chi_star.maxCoeff()).cast<double>()).exp();
      eps = std::discrete_distribution<int>(p.data(), p.data() + p.size())(rng);
    }
    return static_cast<int>(eps);
  }

 private:
  /// softmax(nu chi)_eps = P(argmax chi_l + G_l/nu = eps): a race of A = scale a with s = scale sqrt(V),
  /// where scale = nu, or 1/sqrt(V) at nu = infinity.
  void wins(const Batch& a, double V, int wanted, Batch& log_S, Batch& gradient,
            double accuracy = 1e-13) const {
    const bool gumbel = std::isfinite(signal());
    const double scale = gumbel ? signal() : 1 / std::sqrt(std::max(V, 1e-30));
    race(gumbel ? scale * std::sqrt(V) : 1.0, static_cast<int>(a.cols()), accuracy)
        ->wins(scale * a, wanted, log_S, gradient);
    gradient *= scale;
  }

  /// Tables are shared by the blocks of points, which come from many threads: the latest few are kept.
  std::shared_ptr<const TokenRace> race(double s, int L, double accuracy) const {
    constexpr std::size_t kept = 8;
    const std::lock_guard lock(mutex_);
    const auto known = std::ranges::find_if(
        races_, [&](const Kept& k) { return k.s == s && k.L == L && k.accuracy == accuracy; });
    if (known != races_.end()) return known->race;
    if (races_.size() == kept) races_.erase(races_.begin());
    races_.push_back({s, accuracy, L, std::make_shared<TokenRace>(s, std::isfinite(signal()), L, accuracy)});
    return races_.back().race;
  }

  struct Kept {
    double s, accuracy;
    int L;
    std::shared_ptr<const TokenRace> race;
  };
  mutable std::mutex mutex_;
  mutable std::vector<Kept> races_;
};

}  // namespace

std::shared_ptr<const Task> make_max(double signal) {
  if (!(signal >= 0))
    throw InvalidInput("signal", std::to_string(signal), "needs a number >= 0 or inf for task 'max'");
  return std::make_shared<Max>(signal);
}

}  // namespace quenched
