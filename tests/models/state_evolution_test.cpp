#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/state_evolution.hpp>

using namespace quenched;

namespace {

double largest_difference(const OrderParameters& a, const OrderParameters& b) {
  double largest = 0;
  for (const auto field : {&OrderParameters::m_k, &OrderParameters::q_k, &OrderParameters::V_k,
                           &OrderParameters::m_v, &OrderParameters::q_v, &OrderParameters::V_v})
    largest = std::max(largest, std::abs(a.*field - b.*field));
  return largest;
}

}  // namespace

TEST_CASE("Bayes: first step in closed form, then to the fixed point") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0.01};
  const double alpha = 2;
  const auto path = bayes_state_evolution(problem, alpha, {0, 0}, 60);
  // At omega = w = 0, p = 1/2: qhat_k = alpha nu/2, qhat_v = alpha/(2 (1 + Delta)).
  const double qhat_k = alpha, qhat_v = alpha / 2 / 1.01;
  CHECK(path[1].overlaps.q_k == doctest::Approx(qhat_k / (1 + qhat_k)).epsilon(1e-6));
  CHECK(path[1].overlaps.V_v == doctest::Approx(1 / (1 + qhat_v)).epsilon(1e-6));
  const BayesResult end = bayes(problem, alpha, Start::uninformed);
  CHECK(path.back().overlaps.q_k == doctest::Approx(end.q_k).epsilon(1e-4));
  CHECK(path.back().overlaps.m_v == doctest::Approx(end.q_v).epsilon(1e-4));
  CHECK(path.back().test_error == doctest::Approx(end.test_error).epsilon(1e-4));
}

TEST_CASE("ERM: a coarse path lies within its stated errors of a fine one, which ends at the fixed point") {
  for (const int tokens : {2, 4}) {
    CAPTURE(tokens);
    const Problem problem{make_task("spiked", 2), {{tokens, 1.0}}, 0.1};
    const auto softmax = make_activation("softmax");
    const OrderParameters start = {0.9, 1, 1, 0.9, 1, 1};
    const auto coarse = erm_state_evolution(problem, *softmax, 4, 0.5, 0.5, start, 14,
                                            {.tolerance = tokens == 2 ? 1e-2 : 3e-2}),
               fine = erm_state_evolution(problem, *softmax, 4, 0.5, 0.5, start, 14,
                                          {.tolerance = tokens == 2 ? 1e-5 : 3e-2, .seed = 7});
    int within = 0, all = 0;
    for (std::size_t t = 1; t < fine.size(); ++t)
      for (const auto field : {&OrderParameters::m_k, &OrderParameters::q_k, &OrderParameters::V_k,
                               &OrderParameters::m_v, &OrderParameters::q_v, &OrderParameters::V_v}) {
        const double stated =
            std::hypot(coarse[t].uncertainty.overlaps.*field, fine[t].uncertainty.overlaps.*field);
        const double apart = std::abs(coarse[t].overlaps.*field - fine[t].overlaps.*field);
        CHECK(apart <= 2.5 * stated);
        within += apart <= stated;
        ++all;
      }
    CHECK(within >= 0.7 * all);  // two standard errors of one draw, which goes through all iterations
    const ErmResult end =
        erm(problem, *softmax, 4, 0.5, 0.5, {.tolerance = 1e-2, .branches = 0, .responses = false});
    CHECK(largest_difference(fine.back().overlaps, end.overlaps) < (tokens == 2 ? 2e-3 : 3e-2));
  }
}

TEST_CASE("message passing's channels: the posterior in closed form, divergences by differences, the prior") {
  const Problem spiked{make_task("spiked", 3), {{2, 1.0}}, 0.2}, max{make_task("max", 3), {{3, 1.0}}, 0.2};
  CHECK(bayes_amp_prior(spiked, 2) == doctest::Approx(7).epsilon(1e-6));  // 1 + alpha nu
  CHECK(bayes_amp_prior(max, 2) == doctest::Approx(1).epsilon(1e-6));
  Batch omega(2, 2), w(2, 2);
  omega << 0.3, -0.4, 1.2, 0.1;
  w << 0.5, -1, 0.2, 0.4;
  const Eigen::ArrayXd y = (Eigen::ArrayXd(2) << 0.7, -0.3).finished();
  const double V_k = 0.5, V_v = 0.4, variance = V_v + 0.2;
  AmpChannelOutput out;
  bayes_amp_channel(spiked)(omega, w, y, V_k, V_v, out);
  for (Eigen::Index i = 0; i < 2; ++i) {
    const auto a = [&](Eigen::Index l) {
      return std::sqrt(3) * omega(i, l) - std::pow(y[i] - w(i, l), 2) / (2 * variance);
    };
    const double p = 1 / (1 + std::exp(a(1) - a(0)));
    CHECK(out.g_k(i, 0) == doctest::Approx(std::sqrt(3) * p));
    CHECK(out.g_v(i, 1) == doctest::Approx((1 - p) * (y[i] - w(i, 1)) / variance));
    CHECK(out.divergence_k[i] == doctest::Approx(3 * 2 * p * (1 - p)).epsilon(1e-6));
  }
  const auto check_divergences = [&](const AmpChannel& channel) {
    channel(omega, w, y, V_k, V_v, out);
    Eigen::ArrayXd along_k = Eigen::ArrayXd::Zero(2), along_v = along_k;
    constexpr double h = 1e-5;
    AmpChannelOutput up, down;
    for (Eigen::Index l = 0; l < 2; ++l) {
      Batch more = omega, less = omega;
      more.col(l) += h, less.col(l) -= h;
      channel(more, w, y, V_k, V_v, up), channel(less, w, y, V_k, V_v, down);
      along_k += (up.g_k.col(l) - down.g_k.col(l)) / (2 * h);
      more = w, less = w;
      more.col(l) += h, less.col(l) -= h;
      channel(omega, more, y, V_k, V_v, up), channel(omega, less, y, V_k, V_v, down);
      along_v += (up.g_v.col(l) - down.g_v.col(l)) / (2 * h);
    }
    CHECK((along_k - out.divergence_k).abs().maxCoeff() < 1e-5);
    CHECK((along_v - out.divergence_v).abs().maxCoeff() < 1e-5);
  };
  check_divergences(bayes_amp_channel(spiked));
  check_divergences(bayes_amp_channel({make_task("max", 3), {{2, 1.0}}, 0.2}));
  for (const char* name : {"softmax", "softplus", "linear"}) {
    CAPTURE(name);
    check_divergences(erm_amp_channel(make_activation(name)));
  }
}

TEST_CASE("a path that leaves what is possible is unknown from there on, and wrong input is refused") {
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0};
  const auto softmax = make_activation("softmax");
  const OrderParameters start = {0, 1, 1, 0, 1, 1};
  CHECK_THROWS_AS(static_cast<void>(bayes_state_evolution(problem, 2, {1.5, 0}, 3)), InvalidInput);
  CHECK_THROWS_AS(static_cast<void>(bayes_state_evolution(problem, 2, {0, 0}, 0)), InvalidInput);
  CHECK_THROWS_AS(static_cast<void>(erm_state_evolution(problem, *softmax, 2, 0, 1, start, 3)), InvalidInput);
  CHECK_THROWS_AS(
      static_cast<void>(erm_state_evolution(problem, *make_activation("hardmax"), 2, 1, 1, start, 3)),
      InvalidInput);
  const auto path = erm_state_evolution(problem, *make_activation("linear"), 4, 0.001, 0.001,
                                        {0, 30, 100, 0, 30, 100}, 40, {.tolerance = 1e-2});
  REQUIRE(path.size() == 41);
  for (const StateEvolutionStep& step : path)
    CHECK((step.certificate.verdict == Verdict::not_converged) == std::isnan(step.overlaps.m_k));
}
