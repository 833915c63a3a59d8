#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
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
      execl(QUENCHED_PROGRAM, "quenched", "simulate", "--dimension", "20,21,22,3000", "--length", "4",
            "--seeds", "2", "--threads", "1", "--output", output.c_str(), nullptr);
      _exit(99);
    }
    pause_for(4);
    kill(child, signal);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 128 + signal);
    const Json records = Json::parse(contents(output));
    REQUIRE(records.size() >= 4);
    CHECK(records[2]["dimension"] == 22);
    CHECK(records[2]["seeds"] == 2);
    CHECK(records.back()["dimension"] == "inf");  // from those that are there
  }
}

TEST_CASE("an interrupted run prints what is finished where no file was asked for") {
  const Ran ran = run_program("timeout -s INT --preserve-status " + std::to_string(slowed(3)) +
                              " " QUENCHED_PROGRAM
                              " simulate --dimension 20,3000 --length 4 --seeds 2 --threads 1 --format json");
  CHECK(ran.status == 130);
  const Json records = Json::parse(ran.out);
  CHECK(records[0]["dimension"] == 20);
  CHECK(records[0]["seeds"] == 2);
}

TEST_CASE("an interrupted sweep keeps the seeds of the point under way and goes on from them") {
  const Folder folder;
  const std::string spec = folder / "s.toml", store = folder / "s.db";
  std::ofstream(spec) << "command = \"simulate\"\n[parameters]\ndimension = 60\n[settings]\nseeds = 60\n";
  const auto seeds_kept = [&] {
    return SQLite::Database(store).execAndGet("SELECT count(*) FROM point WHERE status = 'part'").getInt();
  };
  const pid_t child = fork();
  if (child == 0) {
    execl(QUENCHED_PROGRAM, "quenched", "sweep", spec.c_str(), "--threads", "1", "--quiet", nullptr);
    _exit(99);
  }
  int tries = 0;
  while (++tries < 6000 && (!std::filesystem::exists(store) || seeds_kept() < 2))
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WEXITSTATUS(status) == 130);
  const int kept = seeds_kept();
  CHECK(kept >= 2);
  CHECK(kept < 60);
  REQUIRE(quenched_program("sweep " + spec + " --quiet").status == 0);
  CHECK(seeds_kept() == 60);
  CHECK(quenched_program("export " + store + " --format csv").out ==
        quenched_program("simulate --dimension 60 --seeds 60 --format csv").out);
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
  pause_for(2);
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
