#include <Eigen/Eigenvalues>
#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <complex>
#include <numbers>
#include <quenched/parallel.hpp>

#include "channel.hpp"
#include "linear_responses.hpp"

namespace quenched {
namespace {

using Complex = std::complex<double>;
using Eigen::Matrix2cd;
using Eigen::Matrix2d;
using Eigen::Vector2cd;
using Eigen::Vector2d;

/// A function of one token's x = (1 + omega, w): x^T A x + b^T x.
struct Quadratic {
  Matrix2d A = Matrix2d::Zero();
  Vector2d b = Vector2d::Zero();
};

/// x ~ N((centre, 0), diag(q_k, q_v)) under the complex weight exp(t (x^T A x + b^T x)).
class TiltedToken {
 public:
  TiltedToken(const Quadratic& form, double centre, double q_k, double q_v) : x0_(centre, 0) {
    const Vector2d root(std::sqrt(q_k), std::sqrt(q_v));
    Eigen::SelfAdjointEigenSolver<Matrix2d> eigen;
    eigen.computeDirect(root.asDiagonal() * form.A * root.asDiagonal());
    M_ = root.asDiagonal() * eigen.eigenvectors();
    lambda_ = eigen.eigenvalues();
    linear_ = M_.transpose() * (2 * form.A * x0_ + form.b);
    constant_ = x0_.dot(form.A * x0_) + form.b.dot(x0_);
  }
  /// The real t for which the weight has a mean: an open interval around 0.
  [[nodiscard]] std::pair<double, double> domain() const {
    const auto end = [](double lambda) { return lambda == 0 ? INFINITY : 1 / (2 * std::abs(lambda)); };
    return {lambda_.minCoeff() < 0 ? -end(lambda_.minCoeff()) : -INFINITY,
            lambda_.maxCoeff() > 0 ? end(lambda_.maxCoeff()) : INFINITY};
  }
  [[nodiscard]] double log_Z_at(double t) const {
    double log_Z_real = t * constant_;
    for (int j : {0, 1}) {
      const double pivot = 1 - 2 * t * lambda_[j];
      log_Z_real += 0.5 * (t * t * linear_[j] * linear_[j] / pivot - std::log(pivot));
    }
    return log_Z_real;
  }
  void tilt(Complex t) {
    Vector2cd c, z;
    log_Z = t * constant_;
    for (int j : {0, 1}) {
      const Complex pivot =
          1.0 - 2.0 * t * lambda_[j];  // positive real part: the principal logarithm is continuous
      c[j] = 1.0 / pivot;
      z[j] = c[j] * t * linear_[j];
      log_Z += 0.5 * (t * linear_[j] * z[j] - std::log(pivot));
    }
    mean_ = M_ * z + x0_;
    covariance_ = M_ * c.asDiagonal() * M_.transpose();
  }
  [[nodiscard]] Complex mean(const Quadratic& f) const {
    return (f.A * covariance_).trace() + (mean_.transpose() * f.A * mean_)(0) + (f.b.transpose() * mean_)(0);
  }
  [[nodiscard]] Complex covariance(const Quadratic& f, const Quadratic& g) const {
    const Vector2cd df = 2.0 * f.A * mean_ + f.b, dg = 2.0 * g.A * mean_ + g.b;
    return 2.0 * (f.A * covariance_ * g.A * covariance_).trace() + (df.transpose() * covariance_ * dg)(0);
  }
  Complex log_Z;

 private:
  Vector2d x0_, lambda_, linear_;
  double constant_;
  Matrix2d M_;
  Vector2cd mean_;
  Matrix2cd covariance_;
};

/// sigma = 1 + chi, tokens independent given eps (docs/equations.md, section 6). The proximal point is
/// explicit in rho, s = (a + V_k rho w)/(1 - V_k V_v rho^2) with a = 1 + omega, and so is y = Y(rho; a, w) =
/// rho + sum_l Q_l, Q = V_v rho s^2 + s w, increasing in rho on |rho| < 1/sqrt(V_k V_v). With the Gaussian
/// law of y in Fourier space,
///     E F = Int d rho Int d theta/(2 pi) exp(i theta rho - theta^2 (tau + Delta)/2) E_(a,w)[exp(i theta sum
///     (Q - mu_y)) Y' F],
/// and the tokens factorise into complex Gaussians: two dimensions and one cost for every L, no inner solve,
/// no jumps.
class LinearChannel final : public Channel {
 public:
  LinearChannel(const Problem& problem, const Activation& activation, int tokens,
                const ChannelOptions& options)
      : problem_(problem),
        activation_(activation),
        L_(tokens),
        options_(options),
        scale_(std::pow(0.7, options.level)) {}

  std::string rule() const override {
    return "trapezoid over the training residual and its conjugate, 2 dimensions, step " +
           std::to_string(scale_).substr(0, 4);
  }

  ChannelMeans means(const OrderParameters& o, Detail detail) override {
    const Eigen::ArrayXd fine = sweep(o, scale_);
    if (detail == Detail::means) return {fine, Batch::Zero(1, fixed_point_means)};
    const Eigen::ArrayXd coarse = sweep(o, 1.3 * scale_);
    if (detail == Detail::errors)
      return {fine, (fine - coarse).matrix().asDiagonal().toDenseMatrix().array()};
    const ChannelMeans sampled = sampled_responses(o);
    ChannelMeans m{Eigen::ArrayXd::Zero(all_means),
                   Batch::Zero(fixed_point_means + sampled.deviation.rows(), all_means)};
    m.value.head(fixed_point_means) = fine;
    m.deviation.matrix().topLeftCorner(fixed_point_means, fixed_point_means).diagonal() =
        (fine - coarse).matrix();
    m.value[pointwise_k] = m.value[Vhat_k],
    m.value[pointwise_v] = m.value[Vhat_v];  // one-to-one at L >= 2: the forms agree
    m.deviation(Vhat_k, pointwise_k) = m.deviation(Vhat_k, Vhat_k),
                        m.deviation(Vhat_v, pointwise_v) = m.deviation(Vhat_v, Vhat_v);
    const auto take = [&](int mean) {
      m.value[mean] = sampled.value[mean];
      m.deviation.col(mean).setZero();
      m.deviation.col(mean).tail(sampled.deviation.rows()) = sampled.deviation.col(mean);
    };
    for (const int response : {G_kk, G_kv, G_vv, jumps_k}) take(response);
    if (L_ == 1)
      take(pointwise_k),
          take(pointwise_v);  // a = -V_k rho w at |rho| = rho_max is a surface: chi and z change sign there
    return m;
  }

 private:
  [[nodiscard]] ChannelMeans sampled_responses(const OrderParameters& o) {
    if (L_ > 1) {
      if (!responses_)
        responses_ = std::make_unique<LinearResponses>(
            problem_, L_, 512 << 2 * std::clamp(options_.level, 0, 4), options_.seed, options_.threads);
      return responses_->means(o);
    }
    if (!single_)  // one token may fold
      single_ =
          sampled_channel(problem_, activation_, L_, {1, options_.seed, options_.threads, options_.work});
    return single_->means(o, Detail::responses);
  }

  [[nodiscard]] Eigen::ArrayXd sweep(const OrderParameters& o, double scale) const {
    // rho = rho_max tanh(u): the density of u decays exponentially. All means are even in rho, by (y, w) ->
    // -(y, w).
    double end = 7;
    const double top = Residual(*this, o, 0).peak();
    while (end > 1e-8 && Residual(*this, o, 0.8 * end).peak() < top - 40) end *= 0.8;
    const int count = static_cast<int>(std::ceil(60 / scale));
    const double step = end / count;
    Batch parts(count, fixed_point_means + 1);
    parallel_for(count, options_.threads, [&](int i) {
      parts.row(i) = 2 * step * Residual(*this, o, (i + 0.5) * step).means(scale).transpose();
    });
    Eigen::ArrayXd total = parts.colwise().sum();
    total.head(fixed_point_means) /= total[fixed_point_means];  // probability 1, up to the rule's error
    const double shift = o.m_k * problem_.task->bayes_slope();
    total[hit] = 1 + shift;
    total[power] = L_ * (1 + o.q_k) + 2 * shift + shift * shift;
    return total.head(fixed_point_means);
  }

  /// The integrand over theta at one rho = rho_max tanh(u).
  class Residual {
   public:
    Residual(const LinearChannel& channel, const OrderParameters& o, double u)
        : o_(o),
          others_(channel.L_ - 1),
          shift_(o.m_k * channel.problem_.task->bayes_slope()),
          root_nu_(channel.problem_.task->bayes_slope()),
          mu_(o.q_v > 0 ? o.m_v / o.q_v : 0),
          spread_(1 - mu_ * o.m_v + channel.problem_.noise),
          rho_(std::tanh(u) / std::sqrt(o.V_k * o.V_v)),
          sech2_(1 / std::pow(std::cosh(u), 2)),
          s_(Vector2d(1, o.V_k * rho_) / sech2_),
          Q_{o.V_v * rho_ * product(s_, s_).A + product(s_, w_).A, Vector2d::Zero()},
          other_(Q_, 1, o.q_k, o.q_v),
          eps_({Q_.A, -mu_ * w_}, 1 + shift_, o.q_k, o.q_v) {
      const double widest = 10 * std::sqrt((others_ + 2) / spread_);
      low_ = std::max(-widest, 0.999999 * eps_.domain().first),
      high_ = std::min(widest, 0.999999 * eps_.domain().second);
      saddle_ =
          boost::math::tools::brent_find_minima([&](double t) { return exponent(t); }, low_, high_, 26).first;
    }
    /// log of the integrand at its saddle, with d rho: the density of u up to a slowly varying factor.
    [[nodiscard]] double peak() const { return exponent(saddle_) + std::log(sech2_); }
    /// Means times the density of u, then the density itself.
    [[nodiscard]] Eigen::ArrayXd means(double scale);

   private:
    static Quadratic product(const Vector2d& f, const Vector2d& g) {
      return {(f * g.transpose() + g * f.transpose()) / 2, Vector2d::Zero()};
    }
    [[nodiscard]] double exponent(double t) const {
      return eps_.log_Z_at(t) + others_ * other_.log_Z_at(t) + t * rho_ + t * t * spread_ / 2;
    }

    OrderParameters o_;
    double others_, shift_, root_nu_, mu_, spread_, rho_, sech2_, low_ = 0, high_ = 0, saddle_ = 0;
    Vector2d w_ = {0, 1}, s_;  // linear functions of (a, w)
    Quadratic Q_;
    TiltedToken other_, eps_;
  };

  Problem problem_;
  const Activation& activation_;
  int L_;
  ChannelOptions options_;
  double scale_;
  std::unique_ptr<LinearResponses> responses_;
  std::unique_ptr<Channel> single_;
};

Eigen::ArrayXd LinearChannel::Residual::means(double scale) {
  const OrderParameters& o = o_;
  const Vector2d slope = (o.V_k * w_ + 2 * o.V_k * o.V_v * rho_ * s_) / sech2_;  // ds/d rho
  const Quadratic Y1{o.V_v * product(s_, s_).A + product(2 * o.V_v * rho_ * s_ + w_, slope).A,
                     Vector2d::Zero()};
  const Vector2d g_k = rho_ * w_ + o.V_v * rho_ * rho_ * s_;
  const Quadratic one_g{Matrix2d::Zero(), g_k}, one_s{Matrix2d::Zero(), s_},
      gg = product(g_k, g_k), ss = product(s_, s_), sw = product(s_, w_);
  Quadratic g_centred = product(g_k, Vector2d(1, 0)), g_centred_eps = g_centred;  // g (omega - m t)
  g_centred.b = -g_k, g_centred_eps.b = -(1 + shift_) * g_k;

  Eigen::ArrayXcd sums = Eigen::ArrayXcd::Zero(fixed_point_means + 1);
  // The contour t = saddle + i theta passes the minimum of the integrand on the real axis, so that nothing
  // cancels; theta = theta_0 sinh(v) follows its algebraic tail. theta -> -theta is complex conjugation.
  const double h = 1e-3 * std::min({saddle_ - low_, high_ - saddle_, 1.0});
  const double curvature = (exponent(saddle_ + h) + exponent(saddle_ - h) - 2 * exponent(saddle_)) / (h * h);
  const double theta_0 = 0.5 / std::sqrt(std::max(curvature, spread_)), step = 0.15 * scale;
  for (double v = step / 2; v < 60; v += step) {
    const double theta = theta_0 * std::sinh(v);
    const Complex t(saddle_, theta);
    other_.tilt(t), eps_.tilt(t);
    const Complex log_weight = eps_.log_Z + others_ * other_.log_Z + t * rho_ + t * t * (spread_ / 2);
    if (log_weight.real() + v < exponent(saddle_) - 40) break;
    const Complex weight = std::exp(log_weight) * (theta_0 * std::cosh(v) * step / std::numbers::pi);
    const Complex rise = 1.0 + eps_.mean(Y1) + others_ * other_.mean(Y1),
                  t_v = -t;  // Y'; (y - mu_y)/(tau + Delta)
    // E[Y' f(x_eps)] and E[Y' sum_l f(x_l)] under the tilted tokens.
    const auto of_eps = [&](const Quadratic& f) { return rise * eps_.mean(f) + eps_.covariance(f, Y1); };
    const auto of_others = [&](const Quadratic& f) {
      return rise * other_.mean(f) + other_.covariance(f, Y1);
    };
    const auto of_all = [&](const Quadratic& f) { return of_eps(f) + others_ * of_others(f); };
    const Complex hit_v = of_eps(one_s) * t_v * rho_;
    sums[mhat_k] += weight * of_eps(one_g) * root_nu_;
    sums[qhat_k] += weight * of_all(gg);
    sums[Vhat_k] -= weight * (of_eps(g_centred_eps) + others_ * of_others(g_centred)) / o.q_k;
    sums[mhat_v] += weight * hit_v;
    sums[qhat_v] += weight * of_all(ss) * (rho_ * rho_);
    sums[Vhat_v] -= weight * (rho_ * of_all(sw) / o.q_v - mu_ * hit_v);
    sums[rho_squared] += weight * rise * (rho_ * rho_);
    sums[fixed_point_means] += weight * rise;
  }
  return sech2_ / std::sqrt(o.V_k * o.V_v) * sums.real();
}

}  // namespace

std::unique_ptr<Channel> linear_channel(const Problem& problem, const Activation& activation, int tokens,
                                        const ChannelOptions& options) {
  return std::make_unique<LinearChannel>(problem, activation, tokens, options);
}

}  // namespace quenched
