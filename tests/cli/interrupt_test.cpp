#include <doctest/doctest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "json.hpp"
#include "program.hpp"

using quenched::apps::Json;

TEST_CASE("an interrupted run keeps what is finished and says so by its status") {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Folder folder;
    const std::string output = folder / "r.json";
    const pid_t child = fork();
    if (child == 0) {
      // the first points are quick, the last would take minutes
      execl(QUENCHED_PROGRAM, "quenched", "simulate", "--dimension", "20,21,22,3000", "--seeds", "2",
            "--threads", "1", "--output", output.c_str(), nullptr);
      _exit(99);
    }
    std::this_thread::sleep_for(std::chrono::seconds(4));
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 128 + signal);
    const Json records = Json::parse(contents(output));
    REQUIRE(records.size() == 4);
    CHECK(records[2]["dimension"] == 22);
    CHECK(records[3]["dimension"] == "inf");  // from those three
  }
}

TEST_CASE("an interrupted point keeps its finished seeds: as if no more had been asked for") {
  const Folder folder;
  const std::string output = folder / "r.json";
  const pid_t child = fork();
  if (child == 0) {
    execl(QUENCHED_PROGRAM, "quenched", "simulate", "--dimension", "100", "--seeds", "100000", "--threads",
          "1", "--output", output.c_str(), nullptr);
    _exit(99);
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 130);
  Json record = Json::parse(contents(output)).at(0);
  const int seeds = record["seeds"].get<int>();
  CHECK(seeds >= 2);
  CHECK(seeds < 100000);
  const Ran same =
      quenched_program("simulate --dimension 100 --format json --seeds " + std::to_string(seeds));
  Json expected = Json::parse(same.out).at(0);
  record.erase("provenance"), expected.erase("provenance");
  CHECK(record == expected);
}
