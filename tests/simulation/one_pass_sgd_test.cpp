#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/one_pass_sgd.hpp>

using namespace quenched;

namespace {

OnePassSpecification specification(LengthLaw lengths, int D, int seeds, std::vector<double> times) {
  return {.problem = {make_task("spiked", 2), std::move(lengths), 0.3},
          .activation = make_activation("softmax"),
          .dimension = D,
          .learning_rate = 0.4,
          .ridge = 0.2,
          .start = {.m_k = 0.5, .q_k = 1, .m_v = 0.1, .q_v = 0.8, .m_kv = 0.3, .m_vk = 0.4, .q_kv = 0.2},
          .times = std::move(times),
          .seeds = seeds,
          .test_samples = 1 << 10};
}

}  // namespace

TEST_CASE("one-pass SGD starts at the overlaps asked for") {
  const OnePassSpecification s = specification({{2, 1}}, 50, 2, {0});
  const auto states = one_pass_sgd(s);
  for (const OverlapName& overlap : overlap_names) {
    CAPTURE(overlap.name);
    const auto value = overlap.value;
    CHECK(std::abs(states[0].mean.*value - s.start.*value) < 1e-6);  // directions are floats
    CHECK(states[0].standard_error.*value < 1e-6);
  }
}

TEST_CASE("one-pass SGD, L = 1, softmax is 1: closed forms") {
  const double nu = 2, noise = 0.3, eta = 0.4, lambda = 0.2, t = 3;
  const int D = 400;
  const auto states = one_pass_sgd(specification({{1, 1}}, D, 12, {t, 30}));
  const OnePassFigures &o = states[0].mean, &e = states[0].standard_error;
  const double limit = 1 / (1 + lambda);
  const auto near = [&](double found, double error, double expected) {
    CHECK(std::abs(found - expected) <= 4 * error + 2.0 / D);
    CHECK(error < 0.05);
  };
  near(o.m_k, e.m_k, 0.5 * std::exp(-eta * lambda * t));  // f does not depend on k
  near(o.m_kv, e.m_kv, 0.3 * std::exp(-eta * lambda * t));
  near(o.q_k, e.q_k, std::exp(-2 * eta * lambda * t));
  near(o.m_v, e.m_v, limit + (0.1 - limit) * std::exp(-eta * (1 + lambda) * t));
  near(o.m_vk, e.m_vk, 0.4 * std::exp(-eta * (1 + nu + lambda) * t));
  const double q = (2 * limit + eta * (1 + noise - 2 * limit)) / (2 + 2 * lambda - eta);
  near(states[1].mean.q_v, states[1].standard_error.q_v, q);
  near(states[1].mean.test_error, states[1].standard_error.test_error, 1 + noise - 2 * limit + q);
}

TEST_CASE("one-pass SGD: the same bytes wherever the heap puts the vectors") {
  OnePassSpecification s = specification({{2, 1}}, 200, 4, {0, 0.1, 0.3});
  std::vector<OnePassState> first;
  for (const int threads : {1, 2, 3, 4}) {
    s.threads = threads;
    const auto states = one_pass_sgd(s);
    if (first.empty()) first = states;
    for (std::size_t t = 0; t < states.size(); ++t)
      for (const OverlapName& overlap : overlap_names)
        CHECK(states[t].mean.*overlap.value == first[t].mean.*overlap.value);
  }
}

TEST_CASE("one-pass SGD: the same bytes for one and three threads; wrong input is refused") {
  OnePassSpecification s = specification({{1, 0.5}, {3, 0.5}}, 40, 3, {0.5, 2});
  s.threads = 1;
  const auto one = one_pass_sgd(s);
  s.threads = 3;
  const auto three = one_pass_sgd(s);
  CHECK(one[1].mean.q_kv == three[1].mean.q_kv);
  CHECK(one[1].standard_error.test_error == three[1].standard_error.test_error);
  const auto refused = [&](auto change) {
    OnePassSpecification wrong = s;
    change(wrong);
    CHECK_THROWS_AS((void)one_pass_sgd(wrong), InvalidInput);
  };
  refused([](auto& w) { w.dimension = 3; });
  refused([](auto& w) { w.learning_rate = 0; });
  refused([](auto& w) { w.ridge = -1; });
  refused([](auto& w) { w.seeds = 1; });
  refused([](auto& w) { w.start.q_k = 0.2; });
  refused([](auto& w) { w.times = {2, 1}; });
}
