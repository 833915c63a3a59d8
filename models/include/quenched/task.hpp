#pragma once
#include <cstdint>
#include <memory>
#include <quenched/batch.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace quenched {

/// Prompt length L with its probability; the weights sum to 1.
struct Length {
  int tokens;
  double weight;
};
using LengthLaw = std::vector<Length>;

using Rng = std::mt19937_64;

/// Attention fields of a sample whose hidden location is token 0 (by symmetry), as weighted Gaussian points.
///     E[h(omega)] = mean of weight * h(omega);
///     t_l = E[chi*_l - (m/q) omega_l | omega, eps = 0] / (1 - m^2/q) = d log S_0(a)/d a_l at a = (m/q)
///     omega,
/// with S_eps(a) = E g_nu(eps, chi)/L, chi ~ N(a, 1 - m^2/q): what the teacher's update of m needs
/// (equation 5.4). The score of omega is -d log density/d omega = (omega - m t)/q.
struct FieldLaw {
  Batch omega, t;         // points x L
  Eigen::ArrayXd weight;  // mean 1
};

/// A single-location regression task: the law of (eps, chi*) at infinite D, and of the tokens at finite D.
/// The two share no code, so that simulation can refute theory.
class Task {
 public:
  virtual ~Task() = default;
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] double signal() const { return signal_; }  // nu
  /// c_nu: g(eps, .)/g(eps', .) = exp(c_nu (chi_eps - chi_eps')): softmax at m_k = sqrt(q_k) = c_nu is
  /// Bayes-optimal.
  [[nodiscard]] virtual double bayes_slope() const = 0;
  /// True when, given eps, the tokens are independent, and S_eps(a) is proportional to exp(c_nu a_eps):
  /// spiked.
  [[nodiscard]] virtual bool independent_tokens() const = 0;

  /// D = infinity: fields with overlaps m = k.k*/D, q = |k|^2/D from L standard normals a point.
  /// Needs q >= m^2; q = 0 gives omega = 0.
  virtual void fields(double m, double q, const Batch& normals, FieldLaw& law) const = 0;
  /// log S_eps(a) = log E g_nu(eps, chi)/L with chi ~ N(a, V I), for every eps (points x L), and its
  /// gradient: column eps * L + l of `gradient` is d log S_eps/d a_l. `accuracy`: relative, of sums over a
  /// rule's nodes, that will do.
  virtual void posterior(const Batch& a, double V, Batch& log_S, Batch& gradient,
                         double accuracy = 1e-13) const = 0;

  /// Finite D: plants the hidden location in X (D x L, standard normal on entry, |k*|^2 = D) and returns eps.
  virtual int plant(Rng& rng, const Eigen::VectorXf& k_star, Eigen::MatrixXf& X) const = 0;

 protected:
  explicit Task(double signal) : signal_(signal) {}

 private:
  double signal_;
};

/// Throws InvalidInput: key `task` for an unknown name (listing the known ones), key `signal` for a signal
/// that the task does not take (nu >= 0 and finite for spiked; nu >= 0 or infinity for max).
[[nodiscard]] std::shared_ptr<const Task> make_task(std::string_view name, double signal);
[[nodiscard]] std::vector<std::string> task_names();

/// What is learnt: a task, the law of the prompt length, the VARIANCE of the label noise (Delta).
struct Problem {
  std::shared_ptr<const Task> task;
  LengthLaw lengths = {{2, 1.0}};
  double noise = 0;
};

/// Throws InvalidInput unless every length is >= 1, weights are positive and sum to 1, and Delta is finite
/// and >= 0.
void check(const Problem& problem);

}  // namespace quenched
