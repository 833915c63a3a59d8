#include <doctest/doctest.h>

#include "compare_command.hpp"
#include "program.hpp"

using namespace quenched::apps;

static Record result(double test_error, double error, const char* verdict = nullptr, int seeds = 100000) {
  Record record = {{"task", "spiked"},
                   {"dimension", 1000},
                   {"samples", 4000},
                   {"seeds", seeds},
                   {"seeds_converged", 4},
                   {"test_error", test_error},
                   {"train_error", 0.1},
                   {"energy", 0.5},
                   {"order_parameters", {{"m_k", 1}, {"q_k", 2}, {"m_v", 1}, {"q_v", 1}}},
                   {"uncertainty",
                    {{"test_error", error},
                     {"train_error", 0.01},
                     {"energy", 0.01},
                     {"m_k", 0.01},
                     {"q_k", 0.01},
                     {"m_v", 0.01},
                     {"q_v", 0.01}}}};
  if (verdict) record["certificate"] = {{"verdict", verdict}};
  return record;
}

TEST_CASE("theory and simulation agree within 4 standard errors and 2/D") {
  const Record theory = result(0.5, 0, "trusted");
  CHECK(compared(theory, result(0.5, 0.01))["verdict"] == "agree");
  CHECK(compared(theory, result(0.541, 0.01))["verdict"] == "agree");  // 0.002 allowed + 0.04
  CHECK(compared(theory, result(0.543, 0.01))["verdict"] == "disagree");
  CHECK(compared(theory, result(0.543, 0.01))["z"]["test_error"] == doctest::Approx(4.3).epsilon(1e-3));
  CHECK(compared(theory, result(0.543, 0.01))["difference"]["test_error"] == doctest::Approx(0.043));
  CHECK(compared(theory, result(NAN, 0.01))["verdict"] == "training_failed");
  // Two seeds: Student's t with one degree of freedom is beyond 12.706 with probability 0.05.
  const Record two = compared(theory, result(0.5 + 0.12706, 0.01, nullptr, 2));
  CHECK(two["verdict"] == "agree");
  CHECK(number_at(two, "z.test_error") == doctest::Approx(1.96).epsilon(1e-3));
  CHECK(compared(result(0.5, 0, "unstable"), result(0.9, 0.01))["verdict"] == "theory_not_trusted");
}

TEST_CASE("compare at one token, where theory is ridge regression") {
  const Ran ran = quenched_program(
      "compare --length 1 --noise 0.1 --alpha 2 --ridge 0.5 --dimension 200 --seeds 8 --format json");
  CHECK(ran.status == 0);
  const Json record = Json::parse(ran.out)[0];
  CHECK(record["verdict"] == "agree");
  CHECK(number_at(record, "theory.m_v") == doctest::Approx(0.719224).epsilon(1e-4));
  CHECK(std::abs(number_at(record, "z.m_v")) < 5);
}
