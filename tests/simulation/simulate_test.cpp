#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/simulate.hpp>
#include <string>

using namespace quenched;

namespace {

SimulateSpecification specification(LengthLaw lengths, double noise, double alpha, double ridge, int D,
                                    int seeds) {
  SimulateSpecification s;
  s.problem = {make_task("spiked", 2), std::move(lengths), noise};
  s.activation = make_activation("softmax");
  s.dimension = D;
  s.alpha = alpha;
  s.ridge_k = s.ridge_v = ridge;
  s.seeds = seeds;
  return s;
}

/// Within 4 standard errors, plus the finite-size correction, which is of order 1/D.
void check_near(const SimulateResult& result, double Measurements::*figure, double theory, int D) {
  CHECK(std::abs(result.mean.*figure - theory) < 4 * result.standard_error.*figure + 1.0 / D);
}

}  // namespace

TEST_CASE("replica theory, docs/equations.md section 8: spiked L = 2 nu = 2 alpha = 4 r = .5") {
  const SimulateResult result = simulate(specification({{2, 1.0}}, 0, 4, 0.5, 500, 8));
  CHECK(result.converged == 8);
  CHECK(result.samples == 2000);
  check_near(result, &Measurements::m_k, 0.495326, 500);
  check_near(result, &Measurements::q_k, 0.444982, 500);
  check_near(result, &Measurements::m_v, 0.907508, 500);
  check_near(result, &Measurements::q_v, 0.892607, 500);
  check_near(result, &Measurements::test_error, 0.377156, 500);
  check_near(result, &Measurements::fresh_error, 0.377156, 500);
  check_near(result, &Measurements::train_error, 0.144672, 500);
  for (const auto cross : {&Measurements::m_kv, &Measurements::m_vk, &Measurements::q_kv}) {
    check_near(result, cross, 0, 500);
    CHECK(result.standard_error.*cross < 0.05);
  }
  CHECK(result.standard_error.m_k < 0.02);
}

TEST_CASE("random prompt length: L ~ U{1, 2, 3}, r = .5, Delta = .1") {
  const SimulateResult result =
      simulate(specification({{1, 1.0 / 3}, {2, 1.0 / 3}, {3, 1.0 / 3}}, 0.1, 4, 0.5, 400, 8));
  check_near(result, &Measurements::test_error, 0.45046, 400);
  check_near(result, &Measurements::train_error, 0.19700, 400);
  check_near(result, &Measurements::m_k, 0.43922, 400);
  check_near(result, &Measurements::q_v, 0.89333, 400);
}

TEST_CASE("seeds that are known are not run again, and the means are the same") {
  const SimulateSpecification s = specification({{2, 1.0}}, 0, 4, 0.5, 50, 4);
  std::vector<SeedResult> kept;
  const SimulateResult all = simulate(s, {.keep = [&](const SeedResult& seed) { kept.push_back(seed); }});
  REQUIRE(kept.size() == 4);
  std::vector<std::uint64_t> run;
  const SimulateResult again = simulate(s, {.keep = [&](const SeedResult& seed) { run.push_back(seed.seed); },
                                            .known = [&](std::uint64_t seed) -> std::optional<SeedResult> {
                                              const auto it =
                                                  std::ranges::find(kept, seed, &SeedResult::seed);
                                              return seed <= 2 ? std::optional(*it) : std::nullopt;
                                            }});
  std::ranges::sort(run);
  CHECK(run == std::vector<std::uint64_t>{3, 4});
  CHECK(again.mean.test_error == all.mean.test_error);
  CHECK(again.standard_error.m_k == all.standard_error.m_k);
  CHECK(again.converged == 4);
}

TEST_CASE("ridge regression (L = 1, closed form): energy and errors") {
  const SimulateResult result = simulate(specification({{1, 1.0}}, 0.1, 2, 0.5, 300, 16));
  check_near(result, &Measurements::test_error, 0.241227, 300);
  check_near(result, &Measurements::train_error, 0.098926, 300);
  check_near(result, &Measurements::energy, 0.243845, 300);
  check_near(result, &Measurements::q_v, 0.579674, 300);
}

TEST_CASE("the test error from four dimensions is the one on D-dimensional tokens, seed by seed") {
  for (const char* task : {"spiked", "max"}) {
    SimulateSpecification s = specification({{2, 0.5}, {3, 0.5}}, 0.1, 3, 0.3, 30, 4);
    s.problem.task = make_task(task, 2);
    s.fresh_samples = 1 << 17;
    for (const SeedResult& seed : simulate(s).seeds) {
      const double error = std::hypot(seed.sampling_error.test_error, seed.sampling_error.fresh_error);
      CHECK(std::abs(seed.measured.test_error - seed.measured.fresh_error) < 4.5 * error);
      CHECK(error < 0.02);
    }
  }
}

TEST_CASE("universality: Rademacher tokens give the Gaussian theory; their errors are of fresh tokens") {
  SimulateSpecification s = specification({{2, 1.0}}, 0, 4, 0.5, 300, 8);
  s.tokens = token_law("rademacher");
  const SimulateResult result = simulate(s);
  check_near(result, &Measurements::m_k, 0.495326, 300);
  check_near(result, &Measurements::q_v, 0.892607, 300);
  check_near(result, &Measurements::test_error, 0.377156, 300);
  check_near(result, &Measurements::train_error, 0.144672, 300);
  CHECK(result.mean.test_error == result.mean.fresh_error);
  s.tokens = {};
  CHECK(simulate(s).mean.m_k != result.mean.m_k);
}

TEST_CASE("the same bytes for 1 and 3 threads, and a seed does not depend on its neighbours") {
  SimulateSpecification s = specification({{2, 1.0}}, 0.1, 3, 0.3, 60, 3);
  s.threads = 1;
  const SimulateResult one = simulate(s);
  s.threads = 3;
  const SimulateResult three = simulate(s);
  s.first_seed = 2;
  s.seeds = 1;  // now all threads work within the seed
  const SimulateResult second = simulate(s);
  for (const auto figure : {&Measurements::m_k, &Measurements::test_error, &Measurements::fresh_error}) {
    CHECK(one.mean.*figure == three.mean.*figure);
    CHECK(one.standard_error.*figure == three.standard_error.*figure);
    CHECK(second.mean.*figure == one.seeds[1].measured.*figure);
    CHECK(std::isnan(second.standard_error.*figure));
  }
}

TEST_CASE("a descent that diverges is unknown, not large") {
  SimulateSpecification s = specification({{2, 1.0}}, 0.1, 3, 0.3, 40, 2);
  s.activation = make_activation("linear");
  s.training = {.trainer = Trainer::sgd, .learning_rate = 5, .epochs = 5};
  const SimulateResult result = simulate(s);
  CHECK(result.seeds[0].status == TrainingStatus::not_finite);
  CHECK(result.converged == 0);
  CHECK(std::isnan(result.mean.q_k));
  CHECK(std::isnan(result.mean.train_error));
}

TEST_CASE("memory is computed before it is taken") {
  SimulateSpecification s = specification({{3, 1.0}}, 0, 4, 0.5, 2'000'000, 1);
  CHECK(memory_bytes(s) > std::size_t{4} * 3 * 8'000'000 * 2'000'000);
  CHECK_THROWS_AS(static_cast<void>(simulate(s)), OutOfMemory);
  try {
    static_cast<void>(simulate(s));
  } catch (const OutOfMemory& refusal) {
    const std::string message = refusal.what();
    CHECK(message.find("GiB") != std::string::npos);
    CHECK(message.find("dimension (2000000)") != std::string::npos);
  }
}

TEST_CASE("what is done is said: shares of the work, finished seeds; a stop gives the finished ones back") {
  SimulateSpecification s = specification({{2, 1.0}}, 0.1, 3, 0.3, 40, 6);
  s.threads = 1;
  std::atomic<bool> stop = false;
  std::vector<SimulateResult> told;
  std::vector<double> shares;
  const SimulateResult cut = simulate(s, {.seed_done =
                                              [&](const SimulateResult& so_far) {
                                                told.push_back(so_far);
                                                stop = told.size() == 2;
                                              },
                                          .progress = [&](double share) { shares.push_back(share); },
                                          .stop = &stop});
  CHECK(cut.interrupted);
  REQUIRE(told.size() == 2);
  REQUIRE(cut.seeds.size() == 2);
  CHECK(told[0].seeds.size() == 1);
  CHECK(told[0].mean.m_k == cut.seeds[0].measured.m_k);
  CHECK(told[1].mean.m_k == cut.mean.m_k);
  CHECK(cut.mean.m_k == doctest::Approx((cut.seeds[0].measured.m_k + cut.seeds[1].measured.m_k) / 2));
  CHECK(shares.size() > 20);  // within the seeds too
  CHECK(shares.back() == doctest::Approx(2.0 / 6));
  CHECK(*std::ranges::max_element(shares) <= 2.0 / 6 + 1e-12);
}

TEST_CASE("the time is estimated within a factor of 10") {
  SimulateSpecification s = specification({{2, 1.0}}, 0.1, 4, 0.3, 400, 2);
  s.threads = 1;
  const double expected = estimated_seconds(s);
  const auto began = std::chrono::steady_clock::now();
  static_cast<void>(simulate(s));
  const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  CHECK(expected < 10 * taken);
  CHECK(taken < 10 * expected);
}

TEST_CASE("wrong arguments name their key") {
  const auto key = [](auto change) {
    SimulateSpecification s = specification({{2, 1.0}}, 0, 4, 0.5, 50, 1);
    change(s);
    try {
      static_cast<void>(simulate(s));
    } catch (const InvalidInput& wrong) {
      return wrong.key();
    }
    return std::string("accepted");
  };
  CHECK(key([](auto& s) { s.dimension = 0; }) == "dimension");
  CHECK(key([](auto& s) { s.alpha = -1; }) == "alpha");
  CHECK(key([](auto& s) { s.alpha = std::nan(""); }) == "alpha");
  CHECK(key([](auto& s) { s.alpha = INFINITY; }) == "alpha");
  CHECK(key([](auto& s) { s.alpha = 0.001; }) == "alpha");
  CHECK(key([](auto& s) { s.seeds = 0; }) == "seeds");
  CHECK(key([](auto& s) { s.ridge_k = -0.1; }) == "ridge_k");
  CHECK(key([](auto& s) { s.ridge_v = INFINITY; }) == "ridge_v");
  CHECK(key([](auto& s) { s.problem.noise = -1; }) == "noise");
  CHECK(key([](auto& s) { s.problem.lengths.clear(); }) == "length");
  CHECK(key([](auto& s) { s.activation = nullptr; }) == "activation");
  CHECK(key([](auto& s) { s.training.start_scale = NAN; }) == "start_scale");
  CHECK(key([](auto& s) { s.training.learning_rate = -1; }) == "learning_rate");
  CHECK(key([](auto& s) { s.training.epochs = -1; }) == "epochs");
  CHECK(key([](auto& s) { s.tokens = token_law("uniform"), s.fresh_samples = 0; }) == "fresh_samples");
}
