#include <quenched/invalid_input.hpp>
#include <quenched/task.hpp>

#include <cmath>

namespace quenched {
namespace {

/// max-SLR: tokens are plain Gaussian and eps ~ softmax(nu chi*); nu = infinity is eps = argmax chi*.
class Max final : public Task {
 public:
  explicit Max(double signal) : Task(signal) {}
  std::string name() const override { return "max"; }
  double bayes_slope() const override { return signal(); }
  bool independent_tokens() const override { return false; }

  void fields(double m, double q, const Batch& normals, FieldLaw& law) const override {
    law.omega = std::sqrt(q) * normals;
    law.t = Batch::Zero(normals.rows(), normals.cols());
    law.weight = Eigen::ArrayXd::Ones(normals.rows());
    if (m == 0) return;
    // TODO(tasks): weight = L S_0((m/q) omega), t = gradient of log S_0.
  }

  void posterior(const Batch& a, double, Batch& log_S, Batch& gradient) const override {
    log_S = Batch::Zero(a.rows(), a.cols());
    gradient = Batch::Zero(a.rows(), a.cols() * a.cols());
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
};

}  // namespace

std::shared_ptr<const Task> make_max(double signal) {
  if (!(signal >= 0)) throw InvalidInput("signal", std::to_string(signal), "needs a number >= 0 or inf for task 'max'");
  return std::make_shared<Max>(signal);
}

}  // namespace quenched
