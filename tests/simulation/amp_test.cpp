#include <doctest/doctest.h>

#include <Eigen/Cholesky>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <quenched/amp.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/simulate_amp.hpp>
#include <quenched/trainer.hpp>

using namespace quenched;

namespace {

/// Softmax at L = 1, f = z: the proximal point moves w only, g_v = (y - w)/(1 + V_v).
void ridge_channel(const Batch& omega, const Batch& w, const Eigen::ArrayXd& y, double, double V_v,
                   AmpChannelOutput& out) {
  out.g_k = Batch::Zero(omega.rows(), omega.cols());
  out.g_v = (-w).colwise() + y;
  out.g_v /= 1 + V_v;
  out.divergence_k = Eigen::ArrayXd::Zero(y.size());
  out.divergence_v = Eigen::ArrayXd::Constant(y.size(), -1 / (1 + V_v));
}

/// Bayes, spiked (docs/equations.md, section 4): p_l ~ exp(sqrt(nu) omega_l - (y - w_l)^2/(2 (V_v + Delta))).
AmpChannel bayes_spiked(double nu, double Delta) {
  return [=](const Batch& omega, const Batch& w, const Eigen::ArrayXd& y, double, double V_v,
             AmpChannelOutput& out) {
    const double variance = V_v + Delta;
    const Batch rest = (-w).colwise() + y;
    Batch p = std::sqrt(nu) * omega - rest.square() / (2 * variance);
    p = (p.colwise() - p.rowwise().maxCoeff().eval()).exp().eval();
    p.colwise() /= p.rowwise().sum().eval();
    out.g_k = std::sqrt(nu) * p;
    out.g_v = p * rest / variance;
    out.divergence_k = nu * (p * (1 - p)).rowwise().sum();
    out.divergence_v = (p * (1 - p) * rest.square() / (variance * variance) - p / variance).rowwise().sum();
  };
}

/// ERM, softmax L = 2 (docs/equations.md, section 5), by brute force: the global minimum over chi_0 - chi_1 =
/// d of
///     h = (y - s.w)^2/(2 (1 + V_v |s|^2)) + (d - omega_0 + omega_1)^2/(4 V_k),   s = (1/(1 + e^-d), 1/(1 +
///     e^d)),
/// and derivatives by differences.
struct SoftmaxPair {
  double V_k, V_v, y;
  struct G {
    double k, v[2];
  };
  G at(double omega_gap, double w_0, double w_1) const {
    const auto h = [&](double d) {
      const double s = 1 / (1 + std::exp(-d)), f = s * w_0 + (1 - s) * w_1;
      return std::pow(y - f, 2) / (2 * (1 + V_v * (s * s + (1 - s) * (1 - s)))) +
             std::pow(d - omega_gap, 2) / (4 * V_k);
    };
    double start = omega_gap;
    for (double d = -12; d <= 12; d += 0.4)
      if (h(d) < h(start)) start = d;
    const double d = boost::math::tools::brent_find_minima(h, start - 0.5, start + 0.5, 40).first;
    const double s = 1 / (1 + std::exp(-d)), f = s * w_0 + (1 - s) * w_1;
    const double rho = (y - f) / (1 + V_v * (s * s + (1 - s) * (1 - s)));
    return {(d - omega_gap) / (2 * V_k), {s * rho, (1 - s) * rho}};
  }
};
void softmax_pair_channel(const Batch& omega, const Batch& w, const Eigen::ArrayXd& y, double V_k, double V_v,
                          AmpChannelOutput& out) {
  out.g_k.resizeLike(omega);
  out.g_v.resizeLike(omega);
  out.divergence_k.resizeLike(y);
  out.divergence_v.resizeLike(y);
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    const SoftmaxPair pair{V_k, V_v, y[i]};
    const double gap = omega(i, 0) - omega(i, 1), w_0 = w(i, 0), w_1 = w(i, 1), h = 1e-3;
    const SoftmaxPair::G g = pair.at(gap, w_0, w_1);
    out.g_k.row(i) << g.k, -g.k;
    out.g_v.row(i) << g.v[0], g.v[1];
    out.divergence_k[i] = (pair.at(gap + h, w_0, w_1).k - pair.at(gap - h, w_0, w_1).k) / h;  // both tokens
    out.divergence_v[i] = (pair.at(gap, w_0 + h, w_1).v[0] - pair.at(gap, w_0 - h, w_1).v[0] +
                           pair.at(gap, w_0, w_1 + h).v[1] - pair.at(gap, w_0, w_1 - h).v[1]) /
                          (2 * h);
  }
}

AmpState nothing_known(int D) { return {.k = Eigen::VectorXd::Zero(D), .v = Eigen::VectorXd::Zero(D)}; }

}  // namespace

TEST_CASE("L = 1: each step follows the closed state evolution, and the end is Cholesky's ridge solution") {
  const int D = 800;
  const double alpha = 2, r = 0.5, Delta = 0.1;
  const Directions directions = draw_directions(D, 1);
  const Samples samples = draw_samples({make_task("spiked", 0), {{1, 1.0}}, Delta}, directions, 2 * D, 2);
  const Eigen::VectorXd v_star = directions.v_star.cast<double>();
  const AmpOptions options{.prior_k = 1, .prior_v = r};
  double m = 0, q = 0, V = 1;
  const AmpResult result =
      amp(samples, ridge_channel, nothing_known(D), options, [&](int, const AmpState& state) {
        // g = (y - w)/(1 + V): mhat = Vhat = alpha/(1 + V), qhat = alpha (1 + Delta - 2 m + q)/(1 + V)^2.
        const double Vhat = alpha / (1 + V), qhat = alpha * (1 + Delta - 2 * m + q) / std::pow(1 + V, 2);
        m = Vhat / (r + Vhat), V = 1 / (r + Vhat), q = m * m + qhat * V * V;
        CHECK(state.V_v == doctest::Approx(V).epsilon(1e-12));
        CHECK(std::abs(state.v.dot(v_star) / D - m) < 4.5 / std::sqrt(double(D)));
        CHECK(std::abs(state.v.squaredNorm() / D - q) < 4.5 / std::sqrt(double(D)));
      });
  CHECK(result.status == AmpStatus::converged);
  CHECK(result.state.V_v == doctest::Approx(0.561553).epsilon(1e-6));  // section 8

  const Eigen::MatrixXd X = samples.tokens.topRows(D).cast<double>().transpose() / std::sqrt(double(D));
  const Eigen::MatrixXd A = X.transpose() * X + r * Eigen::MatrixXd::Identity(D, D);
  const Eigen::VectorXd v = A.llt().solve(X.transpose() * samples.y.matrix());
  CHECK((result.state.v - v).norm() < 1e-6 * v.norm());

  // R_vv = alpha V^2/(1 + V)^2; k does not move.
  const ReplicaStability measured = replica_stability(samples, ridge_channel, result.state, options, 4, 3);
  CHECK(measured.eigenvalue == doctest::Approx(alpha * std::pow(V / (1 + V), 2)).epsilon(0.05));
  CHECK(measured.R(0, 0) == 0);  // k does not move
  CHECK(measured.R(1, 0) == 0);
}

TEST_CASE("Bayes, spiked L = 2: the first step in closed form, then the values of sections 8 and 12") {
  const int D = 1000;
  const double nu = 2, Delta = 0.01;
  const Directions directions = draw_directions(D, 5);
  const Eigen::VectorXd k_star = directions.k_star.cast<double>(), v_star = directions.v_star.cast<double>();
  const double noise = 4.5 / std::sqrt(double(D));
  for (const int alpha : {2, 4}) {
    const Samples samples =
        draw_samples({make_task("spiked", nu), {{2, 1.0}}, Delta}, directions, alpha * D, 6);
    const AmpOptions options{.prior_k = 1 + alpha * nu, .prior_v = 1, .max_iterations = 100};
    const AmpResult result =
        amp(samples, bayes_spiked(nu, Delta), nothing_known(D), options,
            [&](int iteration, const AmpState& state) {
              if (iteration > 1) return;
              // At omega = w = 0, p = 1/2: qhat_k = alpha nu/2, and qhat_v = alpha/(2 (1 + Delta)).
              CHECK(state.V_k == doctest::Approx(1 / (1 + alpha * nu / 2)).epsilon(1e-12));
              const double qhat_v = alpha / (2 * (1 + Delta));
              CHECK(std::abs(state.v.dot(v_star) / D - qhat_v / (1 + qhat_v)) < noise);
            });
    CHECK(result.status == AmpStatus::converged);
    const double q_k = alpha == 4 ? 0.8853292 : 0.792, q_v = alpha == 4 ? 0.9964130 : 0.9885;
    CHECK(std::abs(1 - result.state.V_k - q_k) < noise / 2);
    CHECK(std::abs(result.state.k.dot(k_star) / D - q_k) < noise);
    CHECK(std::abs(result.state.v.dot(v_star) / D - q_v) < noise);
    CHECK(std::abs(result.state.v.squaredNorm() / D - q_v) < noise);
  }
}

TEST_CASE(
    "ERM, softmax: the trainer's minimum is the fixed point, and two copies give section 8's eigenvalue") {
  const int D = 800;
  const Directions directions = draw_directions(D, 9);
  const Samples samples = draw_samples({make_task("spiked", 2), {{2, 1.0}}, 0}, directions, 4 * D, 10);
  const Eigen::VectorXd k_star = directions.k_star.cast<double>(), v_star = directions.v_star.cast<double>();
  const AmpOptions options{.prior_k = 0.5, .prior_v = 0.5, .tolerance = 1e-5, .max_iterations = 80};
  const AmpResult result = amp(samples, softmax_pair_channel,
                               {.k = 0.5 * k_star, .v = 0.9 * v_star, .V_k = 1.1, .V_v = 0.45}, options);
  CHECK(result.status == AmpStatus::converged);
  CHECK(std::abs(result.state.V_k - 1.118867) < 0.03);
  CHECK(std::abs(result.state.V_v - 0.448459) < 0.01);
  const auto softmax = make_activation("softmax");
  const TrainingResult trained =
      train(Objective(samples, *softmax, 0.5, 0.5), training_start(directions, {}, 0), {});
  CHECK((result.state.k - trained.theta.head(D)).norm() < 1e-3 * trained.theta.head(D).norm());
  CHECK((result.state.v - trained.theta.tail(D)).norm() < 1e-3 * trained.theta.tail(D).norm());

  // Undamped, the cross overlaps leave the fixed point by the sector's most negative eigenvalue: -2.07 at D =
  // infinity.
  AmpOptions plain = options;
  plain.cross = 1;
  AmpState state = result.state;
  state.v += 1e-3 * k_star;
  double before = NAN, now = NAN;
  for (int i = 0; i < 8; ++i) {
    state = amp_step(samples, softmax_pair_channel, state, plain);
    before = now, now = (state.v - result.state.v).dot(k_star) / D;
  }
  CHECK(now / before == doctest::Approx(-2.07).epsilon(0.05));

  const ReplicaStability measured =
      replica_stability(samples, softmax_pair_channel, result.state, options, 8, 11);
  CHECK(measured.error < 0.01);
  CHECK(std::abs(measured.eigenvalue - 0.2313) < 0.02 + 15.0 / D);  // the sample's noise, and the bias
}

TEST_CASE("the same bytes for 1 and 3 threads, with prompts of several lengths") {
  const Directions directions = draw_directions(90, 1);
  const Samples samples =
      draw_samples({make_task("spiked", 2), {{1, 0.5}, {3, 0.5}}, 0.1}, directions, 300, 2);
  AmpOptions options{.prior_k = 8, .prior_v = 1, .threads = 1};
  AmpState one = nothing_known(90), three = one;
  for (int i = 0; i < 3; ++i) {
    options.threads = 1;
    one = amp_step(samples, bayes_spiked(2, 0.1), one, options);
    options.threads = 3;
    three = amp_step(samples, bayes_spiked(2, 0.1), three, options);
  }
  CHECK(one.k == three.k);
  CHECK(one.v == three.v);
  CHECK(one.V_k == three.V_k);
}

TEST_CASE("a precision that is not positive is reported; wrong sizes are refused") {
  const Samples samples =
      draw_samples({make_task("spiked", 2), {{2, 1.0}}, 0.1}, draw_directions(50, 1), 200, 2);
  // Without 1 + alpha nu, P_k = 1 - alpha nu/2 < 0 at the first step.
  CHECK(amp(samples, bayes_spiked(2, 0.1), nothing_known(50), {}).status == AmpStatus::infeasible);
  CHECK_THROWS_AS(static_cast<void>(amp(samples, bayes_spiked(2, 0.1), nothing_known(49), {})), InvalidInput);
  CHECK_THROWS_AS(static_cast<void>(amp(samples, bayes_spiked(2, 0.1), nothing_known(50), {.cross = 0})),
                  InvalidInput);
}

TEST_CASE("runs that end leave the means of the others") {
  // P_k = 1 - 1e6 sum y/D: negative for about half of the seeds.
  const AmpChannel channel = [](const Batch& omega, const Batch&, const Eigen::ArrayXd& y, double, double,
                                AmpChannelOutput& out) {
    out.g_k = out.g_v = Batch::Zero(omega.rows(), omega.cols());
    out.divergence_k = 1e6 * y;
    out.divergence_v = Eigen::ArrayXd::Zero(y.size());
  };
  const AmpAttention attention = [](const Batch& omega, double, Batch& s) {
    s = Batch::Constant(omega.rows(), omega.cols(), 1.0 / static_cast<double>(omega.cols()));
  };
  const auto iterations = simulate_amp({.problem = {make_task("spiked", 2), {{2, 1.0}}, 0.1},
                                        .channel = channel,
                                        .attention = attention,
                                        .dimension = 20,
                                        .start = {.m_k = 0, .q_k = 1, .m_v = 0, .q_v = 1},
                                        .iterations = 1,
                                        .seeds = 20,
                                        .test_samples = 64});
  CHECK(iterations[0].seeds == 20);
  CHECK(iterations[1].seeds > 3);
  CHECK(iterations[1].seeds < 17);
  CHECK(std::isfinite(iterations[1].mean.test_error));
  CHECK(iterations[1].mean.V_v == 1);
}
