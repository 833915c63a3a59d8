#include "branches.hpp"

#include <doctest/doctest.h>

using namespace quenched::apps;

static Record branch(const char* start, double energy, double test_error, const char* verdict = "trusted") {
  return {{"task", "spiked"},
          {"start", start},
          {"test_error", test_error},
          {"energy", energy},
          {"uncertainty", {{"test_error", 1e-5}, {"energy", 1e-5}}},
          {"certificate", {{"converged", true}, {"verdict", verdict}, {"advice", ""}}}};
}

TEST_CASE("of two branches the one of higher energy is metastable") {
  std::vector<Record> apart = {branch("informed", 0.5, 0.3), branch("uninformed", 0.6, 0.7)};
  mark_metastable(apart);
  CHECK(apart[0]["certificate"]["verdict"] == "trusted");
  CHECK(apart[1]["certificate"]["verdict"] == "metastable");

  std::vector<Record> same = {branch("informed", 0.5, 0.3), branch("uninformed", 0.500001, 0.300001)};
  mark_metastable(same);
  CHECK(same[1]["certificate"]["verdict"] == "trusted");

  std::vector<Record> worse = {branch("informed", 0.5, 0.3), branch("uninformed", 0.6, 0.7, "unstable")};
  mark_metastable(worse);
  CHECK(worse[1]["certificate"]["verdict"] == "unstable");
}
