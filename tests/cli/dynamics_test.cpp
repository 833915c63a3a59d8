#include <doctest/doctest.h>

#include <algorithm>

#include "json.hpp"
#include "program.hpp"

using namespace quenched::apps;

static Json dynamics_records(const std::string& arguments) {
  const Ran ran = quenched_program("dynamics --tolerance 1e-2 --format json " + arguments);
  REQUIRE(ran.status == 0);
  return Json::parse(ran.out);
}

TEST_CASE("dynamics: a record for each time, in order, once; theory with the simulation beside") {
  const Json records = dynamics_records(
      "--time 2,1,2 --dimension 100 --seeds 3 --start random:0.25 --learning-rate 0.1 --activation "
      "softmax,linear");
  REQUIRE(records.size() == 4);
  CHECK(records[0]["time"] == 1);
  CHECK(records[1]["time"] == 2);
  CHECK(records[2]["activation"] == "linear");
  for (const Json& record : records) {
    CHECK(record["dimension"] == 100);
    CHECK(record["start"] == "random:0.25");
    for (const char* name : {"m_k", "q_k", "m_v", "q_v", "m_kv", "m_vk", "q_kv"})
      for (const char* of : {"", "simulation."}) {
        CHECK_FALSE(std::isnan(number_at(record, of + std::string("order_parameters.") + name)));
        CHECK(number_at(record, of + std::string("uncertainty.") + name) >= 0);
      }
    CHECK(std::abs(number_at(record, "z.test_error")) < 6);
    CHECK(number_at(record, "excess_error") == number_at(record, "test_error"));
    CHECK(record["certificate"]["verdict"] == "trusted");
    CHECK(record["largest_cross_overlap"] == 0);
  }
}

TEST_CASE("dynamics: --until gives one record with the time, and null where it is not reached") {
  // v = 0 at L = 1: the risk of softmax is exp(-2 t) along the flow without a ridge.
  const std::string flow = "--method flow --length 1 --ridge 0 --at m_k=0,q_k=1,m_v=0,q_v=0 --time 4 ";
  const Json reached = dynamics_records(flow + "--until 0.1"),
             never = dynamics_records(flow + "--until 1e-6");
  REQUIRE(reached.size() == 1);
  CHECK(number_at(reached[0], "time") == doctest::Approx(std::log(10) / 2).epsilon(1e-3));
  CHECK(number_at(reached[0], "uncertainty.time") < 1e-2);
  CHECK(never[0]["time"].is_null());
  CHECK(never[0]["certificate"]["verdict"] == "not_converged");
  CHECK_FALSE(reached[0].contains("learning_rate"));
}

TEST_CASE("dynamics: a flow comes once, whatever the learning rates; its picture is drawn against time") {
  const Folder folder;
  const std::string picture = folder / "p.svg";
  CHECK(dynamics_records("--method sgd,flow --learning-rate 0.1,0.5 --time 1,2 --plot " + picture).size() ==
        6);
  const std::string drawn = contents(folder / "p.csv");
  CHECK(drawn.starts_with("panel,series,kind,time,test_error,"));
  for (const char* line : {"\n,\"softmax, sgd, η = 0.1\",theory,1.0,", "\n,\"softmax, flow\",theory,1.0,",
                           "\n,\"softmax, flow\",theory,2.0,"})
    CHECK(drawn.find(line) != std::string::npos);
  const Json passages = dynamics_records("--until 1.2 --signal 2,4 --plot " + picture);
  CHECK(passages.size() == 2);
  CHECK(contents(folder / "p.csv").starts_with("panel,series,kind,signal,time,"));
}

TEST_CASE("amp: a record for each iteration; the posterior once, whatever the activations") {
  const Folder folder;
  const std::string picture = folder / "a.svg";
  const Json records = Json::parse(
      quenched_program(
          "amp --of bayes,erm --activation softmax,linear --ridge 0.5 --iterations 3 --tolerance 1e-2 "
          "--dimension 200 --seeds 3 --format json --plot " +
          picture)
          .out);
  REQUIRE(records.size() == 9);
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i]["iteration"] == i % 3 + 1);
    for (const char* name : {"m_k", "q_k", "V_k", "m_v", "q_v", "V_v"})
      CHECK(number_at(records[i], std::string("simulation.uncertainty.") + name) >= 0);
    CHECK(number_at(records[i], "simulation.largest_cross_overlap") > 0);
  }
  CHECK(records[0]["of"] == "bayes");
  CHECK_FALSE(records[0].contains("activation"));
  CHECK(contents(folder / "a.csv").starts_with("panel,series,kind,iteration,test_error,"));
}

TEST_CASE("population --landscape: the least over all seven overlaps beside that over four") {
  const Json records =
      Json::parse(quenched_program("population --landscape --length 1 --signal 0 --activation relu,softmax "
                                   "--tolerance 1e-3 --starts 4 --format json")
                      .out);
  const Json &relu = records[0]["landscape"], &softmax = records[1]["landscape"];
  CHECK(relu["on_manifold"] == false);  // 1 - 1/pi, and 1 - 4/(3 pi) off the manifold
  CHECK(number_at(relu, "gain") == doctest::Approx(1 / (3 * M_PI)).epsilon(0.05));
  CHECK(records[0]["certificate"]["verdict"] == "broken_symmetry");
  CHECK(number_at(relu, "order_parameters.m_kv") > 0.1);
  CHECK(softmax["on_manifold"] == true);
  CHECK(records[1]["certificate"]["verdict"] == "trusted");
  CHECK(number_at(softmax, "gap_to_bayes") == doctest::Approx(0).epsilon(1e-3));
}
