#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/task.hpp>

namespace quenched {
namespace {

/// spiked-SLR: g = exp(sqrt(nu) chi_eps - nu/2): chi*_eps ~ N(sqrt(nu), 1), the others N(0, 1).
class Spiked final : public Task {
 public:
  explicit Spiked(double signal) : Task(signal), root_nu_(std::sqrt(signal)) {}
  std::string name() const override { return "spiked"; }
  double bayes_slope() const override { return root_nu_; }
  bool independent_tokens() const override { return true; }

  void fields(double m, double q, const Batch& normals, FieldLaw& law) const override {
    law.omega = std::sqrt(q) * normals;
    law.omega.col(0) += m * root_nu_;
    law.t = Batch::Zero(normals.rows(), normals.cols());
    law.t.col(0) = root_nu_;
    law.weight = Eigen::ArrayXd::Ones(normals.rows());
  }

  /// S_eps(a) = exp(sqrt(nu) a_eps - nu (1 - V)/2)/L.
  void posterior(const Batch& a, double V, Batch& log_S, Batch& gradient, double) const override {
    const Eigen::Index L = a.cols();
    log_S = root_nu_ * a - signal() * (1 - V) / 2 - std::log(static_cast<double>(L));
    gradient = Batch::Zero(a.rows(), L * L);
    for (Eigen::Index eps = 0; eps < L; ++eps) gradient.col(eps * L + eps) = root_nu_;
  }

  int plant(Rng& rng, const Eigen::VectorXf& k_star, Eigen::MatrixXf& X) const override {
    const int eps = std::uniform_int_distribution<int>(0, static_cast<int>(X.cols()) - 1)(rng);
    X.col(eps) += static_cast<float>(std::sqrt(signal() / static_cast<double>(X.rows()))) * k_star;
    return eps;
  }

 private:
  double root_nu_;
};

}  // namespace

std::shared_ptr<const Task> make_spiked(double signal) {
  if (!(signal >= 0) || std::isinf(signal))
    throw InvalidInput("signal", std::isinf(signal) ? "inf" : std::to_string(signal),
                       "needs a finite number >= 0 for task 'spiked'");
  return std::make_shared<Spiked>(signal);
}

}  // namespace quenched
