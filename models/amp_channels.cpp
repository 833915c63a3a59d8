#include <algorithm>
#include <cmath>
#include <quenched/state_evolution.hpp>

#include "global_proximal.hpp"

namespace quenched {
namespace {

/// p_l ~ S_l(omega) exp(-d_l^2/(2 s)), d = y - w, and g_k = sum_l p_l grad log S_l.
void posterior_output(const Task& task, const Batch& omega, double V_k, const Batch& d, double s, Batch& p,
                      Batch& g_k) {
  const Eigen::Index L = omega.cols();
  Batch log_S, gradient;
  task.posterior(omega, V_k, log_S, gradient);
  p = log_S - d.square() / (2 * s);
  p = (p.colwise() - p.rowwise().maxCoeff().eval()).exp().eval();
  p.colwise() /= p.rowwise().sum().eval();
  g_k = Batch::Zero(omega.rows(), L);
  for (Eigen::Index l = 0; l < L; ++l) g_k += gradient.middleCols(l * L, L).colwise() * p.col(l);
}

}  // namespace

AmpChannel bayes_amp_channel(const Problem& problem) {
  return [problem](const Batch& omega, const Batch& w, const Eigen::ArrayXd& y, double V_k, double V_v,
                   AmpChannelOutput& out) {
    const double s = V_v + problem.noise, h = 1e-4 * std::min(1.0, std::sqrt(V_k));
    const Batch d = (-w).colwise() + y;
    Batch p, p_aside, up, down;
    posterior_output(*problem.task, omega, V_k, d, s, p, out.g_k);
    out.g_v = p * d / s;
    out.divergence_v = ((p * (1 - p) * d.square() / s - p) / s).rowwise().sum();
    out.divergence_k = Eigen::ArrayXd::Zero(y.size());
    for (Eigen::Index l = 0; l < omega.cols(); ++l) {
      Batch aside = omega;
      aside.col(l) += h;
      posterior_output(*problem.task, aside, V_k, d, s, p_aside, up);
      aside.col(l) -= 2 * h;
      posterior_output(*problem.task, aside, V_k, d, s, p_aside, down);
      out.divergence_k += (up.col(l) - down.col(l)) / (2 * h);
    }
  };
}

AmpAttention bayes_amp_attention(const Problem& problem) {
  return [problem](const Batch& omega, double V_k, Batch& s) {
    Batch log_S, gradient;
    problem.task->posterior(omega, V_k, log_S, gradient);
    s = (log_S.colwise() - log_S.rowwise().maxCoeff().eval()).exp();
    s.colwise() /= s.rowwise().sum().eval();
  };
}

double bayes_amp_prior(const Problem& problem, double alpha) {
  constexpr double h = 1e-5;
  double laplacian = 0;
  for (const auto& [L, weight] : problem.lengths) {
    const auto gradient_of_sum = [&, tokens = L](Eigen::Index along, double at) {  // d sum_l S_l/d a_along
      Batch a = Batch::Zero(1, tokens), log_S, gradient;
      a(0, along) = at;
      problem.task->posterior(a, 1, log_S, gradient);
      double sum = 0;
      for (Eigen::Index l = 0; l < tokens; ++l)
        sum += std::exp(log_S(0, l)) * gradient(0, l * tokens + along);
      return sum;
    };
    for (Eigen::Index l = 0; l < L; ++l)
      laplacian += weight * (gradient_of_sum(l, h) - gradient_of_sum(l, -h)) / (2 * h);
  }
  return 1 + alpha * laplacian;
}

AmpChannel erm_amp_channel(std::shared_ptr<const Activation> activation) {
  return [activation = std::move(activation)](const Batch& omega, const Batch& w, const Eigen::ArrayXd& y,
                                              double V_k, double V_v, AmpChannelOutput& out) {
    GlobalProximal proximal(*activation, static_cast<int>(omega.cols()), {.V_k = V_k, .V_v = V_v});
    proximal.minimise(omega, y, w);
    const GlobalProximal::Response response = proximal.response();
    out.g_k = (proximal.best.x - omega) / V_k;
    out.g_v = proximal.loss.jet.s.colwise() * proximal.loss.rho;
    out.divergence_k = response.div_k, out.divergence_v = response.div_v;
  };
}

AmpAttention erm_amp_attention(std::shared_ptr<const Activation> activation) {
  return [activation = std::move(activation)](const Batch& omega, double, Batch& s) {
    activation->value(omega, s);
  };
}

}  // namespace quenched
