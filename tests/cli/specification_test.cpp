#include "specification.hpp"

#include <doctest/doctest.h>

#include <quenched/invalid_input.hpp>

#include "problem.hpp"
#include "sweep_file.hpp"

using namespace quenched::apps;

const std::vector<std::string> used = {"task",       "length", "signal",  "noise",   "alpha",
                                       "activation", "ridge",  "ridge_k", "ridge_v", "start"};

TEST_CASE("the outer product runs in the record's order, the last parameter fastest") {
  const auto list =
      points(specification(used, {{"alpha", "1,2"}, {"start", "both"}, {"activation", "softmax,linear"}}));
  CHECK(list.size() == 8);
  CHECK(list[0]["start"] == "informed");
  CHECK(list[1]["start"] == "uninformed");
  CHECK(list[2]["activation"] == "linear");
  CHECK(list[3]["alpha"] == 1);
  CHECK(list[4]["alpha"] == 2);
  CHECK(list[0].begin().key() == "task");
}

TEST_CASE("ridge sets both penalties to one value, ridge_k and ridge_v are swept apart") {
  const auto together = points(specification(used, {{"ridge", "0.1,1"}}));
  CHECK(together.size() == 2);
  CHECK(together[1]["ridge_k"] == 1);
  CHECK(together[1]["ridge_v"] == 1);
  CHECK(points(specification(used, {{"ridge_k", "0.1,1"}, {"ridge_v", "2,3"}})).size() == 4);
  const auto one = points(specification(used, {{"ridge_k", "0.5"}, {"ridge", "2"}}));
  CHECK(one[0]["ridge_k"] == 0.5);
  CHECK(one[0]["ridge_v"] == 2);
}

TEST_CASE("a list of lengths is one law; laws are swept by semicolons or a range") {
  CHECK(points(specification(used, {{"length", "1,2,3"}})).size() == 1);
  const auto laws = points(specification(used, {{"length", "2;1,2,3"}}));
  CHECK(laws[0]["length"] == 2);
  CHECK(laws[1]["length"] == "1,2,3");
  CHECK(points(specification(used, {{"length", "2:10:9"}})).size() == 9);
}

TEST_CASE("one wrong point stops all of them") {
  CHECK_THROWS_AS(
      (void)points(specification(used, {{"task", "max,spiked"}, {"signal", "1,inf"}}), check_problem),
      quenched::InvalidInput);
  CHECK_THROWS_AS((void)specification(used, {{"start", "random"}}),
                  quenched::InvalidInput);  // known to training only
  CHECK_THROWS_AS((void)points(specification(used, {{"alpha", "1:2:100000"}, {"noise", "0:1:100000"}})),
                  quenched::InvalidInput);
}

TEST_CASE("formulas in a sweep's file keep their commas and spaces") {
  const auto sweep = quenched::apps::sweep_of(
      "command = \"population\"\n[parameters]\nactivation = [\"softmax\", \"kernel:max(x, 0) + 1\"]\n",
      "f.toml");
  REQUIRE(sweep.points.size() == 2);
  CHECK(sweep.points[1]["activation"] == "kernel:max(x, 0) + 1");
}
