#include <doctest/doctest.h>

#include <cmath>
#include <quenched/dynamics.hpp>
#include <quenched/invalid_input.hpp>

#include "gradient_moments.hpp"
#include "sampled_tokens.hpp"

using namespace quenched;

namespace {

const LengthLaw two = {{2, 1}};

double dot(const Batch& a, const Batch& b, int i) { return (a.row(i) * b.row(i)).sum(); }

}  // namespace

TEST_CASE("what a step does to the overlaps, on average: plain samples of the tokens' fields") {
  const Overlaps o = {
      .m_k = 0.8, .q_k = 1.5, .m_v = 0.7, .q_v = 1.1, .m_kv = 0.4, .m_vk = -0.3, .q_kv = 0.25};
  constexpr double GradientMoments::*all[] = {
      &GradientMoments::u_chi_star, &GradientMoments::u_z_star,   &GradientMoments::u_chi,
      &GradientMoments::u_z,        &GradientMoments::s_chi_star, &GradientMoments::s_z_star,
      &GradientMoments::s_chi,      &GradientMoments::s_z,        &GradientMoments::uu,
      &GradientMoments::us,         &GradientMoments::ss,         &GradientMoments::u_square,
      &GradientMoments::s_square};
  constexpr int samples = 40'000, L = 2, R = 8;
  Rng rng(1);
  for (const Problem& problem : {Problem{make_task("spiked", 2), two, 0.1}, {make_task("max", 3), two, 0.1}})
    for (const char* name : {"softmax", "linear", "relu", "softplus"}) {
      CAPTURE(name);
      const auto activation = make_activation(name);
      const SampledTokens t = sampled_tokens(problem, L, o, samples, rng);
      ActivationJet jet;
      activation->jet(t.chi, jet);
      const Batch u = jet.b * t.z - jet.q.colwise() * (jet.p * t.z).rowwise().sum();
      std::vector<GradientMoments> drawn(samples);
      std::vector<double> drawn_risk(samples);
      for (int i = 0; i < samples; ++i) {
        const double r = t.y[i] - dot(jet.s, t.z, i), uu = dot(u, u, i), ss = dot(jet.s, jet.s, i);
        drawn[i] = {.u_chi_star = r * dot(u, t.chi_star, i),
                    .u_z_star = r * dot(u, t.z_star, i),
                    .u_chi = r * dot(u, t.chi, i),
                    .u_z = r * dot(u, t.z, i),
                    .s_chi_star = r * dot(jet.s, t.chi_star, i),
                    .s_z_star = r * dot(jet.s, t.z_star, i),
                    .s_chi = r * dot(jet.s, t.chi, i),
                    .s_z = r * dot(jet.s, t.z, i),
                    .uu = r * r * uu,
                    .us = r * r * dot(u, jet.s, i),
                    .ss = r * r * ss,
                    .u_square = uu,
                    .s_square = ss};
        drawn_risk[i] = r * r;
      }
      std::vector<GradientMoments> replicates;
      std::vector<double> replicate_risk;
      for (const auto& points : population_fields(problem, 1 << 11, R, 1, 1)) {
        replicates.push_back(gradient_moments(points, *activation, o, problem.noise));
        replicate_risk.push_back(mean_risk(points, *activation, o, problem.noise));
      }
      const auto agree = [](const std::vector<double>& plain_samples,
                            const std::vector<double>& by_replicate) {
        const auto statistics = [](const std::vector<double>& list) {
          double sum = 0, square = 0;
          for (const double x : list) sum += x, square += x * x;
          const auto n = static_cast<double>(list.size());
          return std::pair(sum / n, std::sqrt((square / n - std::pow(sum / n, 2)) / (n - 1)));
        };
        const auto [plain, plain_error] = statistics(plain_samples);
        const auto [mean, error] = statistics(by_replicate);
        CHECK(std::abs(mean - plain) <= 4.5 * std::hypot(plain_error, error));
        CHECK(error < plain_error);
      };
      for (std::size_t m = 0; m < std::size(all); ++m) {
        CAPTURE(m);
        const auto each = [&](const std::vector<GradientMoments>& list) {
          std::vector<double> values;
          values.reserve(list.size());
          for (const GradientMoments& g : list) values.push_back(g.*all[m]);
          return values;
        };
        agree(each(drawn), each(replicates));
      }
      agree(drawn_risk, replicate_risk);
    }
}

TEST_CASE(
    "one-pass SGD, docs/equations.md section 9: spiked softmax L = 2 nu = 4, learning rate .5, ridge .1") {
  const Problem problem{make_task("spiked", 4), two, 0};
  const auto states = dynamics(
      problem, *make_activation("softmax"),
      {.learning_rate = 0.5, .ridge = 0.1, .start = {.q_k = 0.25, .q_v = 0.25}, .times = {3, 6, 10, 15}});
  // At 3 and 6 by Runge and Kutta's method on 4e5 plain samples of all fields; at 10 and 15 an earlier
  // integration.
  struct Row {
    double m_k, q_k, m_v, q_v, digit;
  };
  const Row expected[] = {{.1659, .2270, .5120, .4420, 5e-4},
                          {.3994, .3222, .7759, .7092, 5e-4},
                          {.577, .461, .914, .895, 2.5e-3},
                          {.668, .556, .950, .947, 2.5e-3}};
  for (std::size_t i = 0; i < 4; ++i) {
    const Overlaps& o = states[i].overlaps;
    const Row& e = expected[i];
    CHECK(states[i].certificate.verdict == Verdict::trusted);
    for (const auto& [found, value] :
         {std::pair{o.m_k, e.m_k}, {o.q_k, e.q_k}, {o.m_v, e.m_v}, {o.q_v, e.q_v}})
      CHECK(std::abs(found - value) <= e.digit);
    CHECK(o.on_manifold());
  }
}

TEST_CASE("L = 1, softmax is 1: closed forms of every overlap") {
  const double nu = 2, noise = 0.3, eta = 0.4, lambda = 0.2, t = 3;
  const Problem problem{make_task("spiked", nu), {{1, 1}}, noise};
  const auto states = dynamics(
      problem, *make_activation("softmax"),
      {.learning_rate = eta,
       .ridge = lambda,
       .start = {.m_k = 0.5, .q_k = 1, .m_v = 0.1, .q_v = 0.8, .m_kv = 0.3, .m_vk = 0.4, .q_kv = 0.2},
       .times = {0, t, 200}});
  const Overlaps &o = states[1].overlaps, &end = states[2].overlaps;
  const double fast = std::exp(-eta * (1 + lambda) * t), limit = 1 / (1 + lambda);
  const auto near = [&](double found, double expected) { CHECK(std::abs(found - expected) <= 1e-3); };
  near(states[0].overlaps.q_kv, 0.2);
  near(o.m_k, 0.5 * std::exp(-eta * lambda * t));
  near(o.m_kv, 0.3 * std::exp(-eta * lambda * t));
  near(o.q_k, std::exp(-2 * eta * lambda * t));
  near(o.m_v, limit + (0.1 - limit) * fast);
  near(o.m_vk, 0.4 * std::exp(-eta * (1 + nu + lambda) * t));
  // At rest: 0 = 2 (m - q) + eta (1 + Delta - 2 m + q) - 2 lambda q
  near(end.q_v, (2 * limit + eta * (1 + noise - 2 * limit)) / (2 + 2 * lambda - eta));
  near(end.m_v, limit);
}

TEST_CASE("preconditioned flow, L = 1: k and v are learnt at rate 1, whatever the ridge") {
  for (const double lambda : {0.2, 1.0}) {
    const auto states = dynamics({make_task("spiked", 2), {{1, 1}}, 0.3}, *make_activation("softmax"),
                                 {.method = Descent::preconditioned_flow,
                                  .ridge = lambda,
                                  .start = {.m_k = 0.5, .q_k = 1, .m_v = 0.1, .q_v = 0.8},
                                  .times = {1.5}});
    const double limit = 1 / (1 + lambda), left = std::exp(-1.5);
    CHECK(std::abs(states[0].overlaps.m_v - (limit + (0.1 - limit) * left)) <= 1e-4);
    CHECK(std::abs(states[0].overlaps.m_k - 0.5 * left) <= 1e-4);
    CHECK(std::abs(states[0].overlaps.q_k - left * left) <= 1e-4);
  }
}

TEST_CASE("time to reach a risk: v = 0, L = 1, no ridge: risk = exp(-2 t) along the flow") {
  const Problem problem{make_task("spiked", 2), {{1, 1}}, 0};
  const DynamicsSpecification flow{.method = Descent::flow, .ridge = 0, .start = {.q_k = 1}, .times = {5}};
  const DynamicsState at = first_time_below(0.1, problem, *make_activation("softmax"), flow);
  CHECK(at.certificate.verdict == Verdict::trusted);
  CHECK(std::abs(at.time - std::log(10) / 2) <= 1e-4);
  CHECK(std::abs(at.test_error - 0.1) <= 1e-6);
  const DynamicsState never = first_time_below(1e-6, problem, *make_activation("softmax"), flow);
  CHECK(std::isnan(never.time));
  CHECK(never.certificate.verdict == Verdict::not_converged);
  CHECK(std::abs(never.test_error - std::exp(-10)) <= 1e-5);
  CHECK(first_time_below(2, problem, *make_activation("softmax"), flow).time == 0);
}

TEST_CASE("flows go downhill, off the manifold too; SGD at a small rate follows the flow") {
  const Problem problem{make_task("max", 3), {{1, 0.3}, {3, 0.7}}, 0.1};
  const Overlaps start = {
      .m_k = -0.2, .q_k = 0.8, .m_v = 0.1, .q_v = 0.6, .m_kv = 0.5, .m_vk = -0.3, .q_kv = 0.2};
  const auto softplus = make_activation("softplus");
  const auto run = [&](Descent method, double rate, std::vector<double> times) {
    return dynamics(
        problem, *softplus,
        {.method = method, .learning_rate = rate, .ridge = 0.05, .start = start, .times = std::move(times)},
        {.tolerance = 1e-2});
  };
  const auto objective = [](const DynamicsState& s) {
    return s.test_error + 0.05 * (s.overlaps.q_k + s.overlaps.q_v);
  };
  for (const Descent method : {Descent::flow, Descent::preconditioned_flow}) {
    const auto states = run(method, 1, {0, 1, 2, 4, 8});
    for (std::size_t i = 1; i < states.size(); ++i) CHECK(objective(states[i]) < objective(states[i - 1]));
    check(states.back().overlaps);  // still possible
  }
  const Overlaps flow = run(Descent::flow, 1, {4})[0].overlaps,
                 sgd = run(Descent::sgd, 1e-3, {4000})[0].overlaps;
  for (const OverlapName& overlap : overlap_names) {
    CAPTURE(overlap.name);
    const auto value = overlap.value;
    CHECK(std::abs(flow.*value - sgd.*value) <= 5e-3);
  }
}

TEST_CASE("what diverges says so, what is unresolved too; threads change nothing; wrong input is refused") {
  const Problem problem{make_task("spiked", 4), two, 0};
  const auto linear = make_activation("linear");
  const auto diverging =
      dynamics(problem, *linear, {.learning_rate = 20, .times = {0, 50}}, {.tolerance = 0.1});
  CHECK(diverging[0].certificate.verdict == Verdict::trusted);
  CHECK(diverging[1].certificate.verdict == Verdict::not_converged);
  CHECK(std::isnan(diverging[1].test_error));
  const auto at = [&](int threads) {
    return dynamics(problem, *linear, {.learning_rate = 0.1, .times = {2}},
                    {.tolerance = 1e-6, .points = 64, .threads = threads})[0];
  };
  const DynamicsState one = at(1), three = at(3);
  CHECK(one.certificate.verdict == Verdict::under_resolved);
  CHECK(one.test_error == three.test_error);
  CHECK(one.uncertainty.test_error == three.uncertainty.test_error);
  const auto refused = [&](const DynamicsSpecification& s) {
    CHECK_THROWS_AS((void)dynamics(problem, *linear, s), InvalidInput);
  };
  refused({.times = {}});
  refused({.times = {1, 1}});
  refused({.learning_rate = 0, .times = {1}});
  refused({.ridge = -1, .times = {1}});
  refused({.start = {.m_k = 2, .q_k = 1}, .times = {1}});
}
