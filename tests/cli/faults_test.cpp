#include <doctest/doctest.h>
#include <sys/wait.h>

#include <csignal>

#include "json.hpp"
#include "program.hpp"

using quenched::apps::Json;

namespace {

/// In a shell where no file may grow beyond so many blocks of 512 bytes: writing fails as on a full disk, and
/// no signal ends the program.
Ran with_little_disk(int blocks, const std::string& arguments) {
  return run_program("sh -c \"ulimit -f " + std::to_string(blocks) + "; exec " QUENCHED_PROGRAM " " +
                     arguments + "\"");
}

std::size_t files_in(const Folder& folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::recursive_directory_iterator(folder.path), {}));
}

/// Starts the program and ends it by `signal` after some seconds; its exit status.
int interrupted(std::vector<std::string> words, int signal, int seconds) {
  const pid_t child = fork();
  if (child == 0) {
    words.insert(words.begin(), "quenched");
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(QUENCHED_PROGRAM, arguments.data());
    _exit(99);
  }
  pause_for(seconds);
  kill(child, signal);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a full disk: one line, exit status 3, and no part of a file") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << "command = \"population\"\nparameters.signal = \"1:9:60\"\n";
  REQUIRE(quenched_program("population --signal 1:5:30 --output " + (folder / "r.json")).status == 0);
  const std::size_t before = files_in(folder);
  for (const std::string& arguments : {"population --signal 1:5:30 --output " + (folder / "x.json"),
                                       "population --signal 1:5:30 --output " + (folder / "x.csv"),
                                       "report " + (folder / "r.json") + " --output " + (folder / "x.html"),
                                       "plot " + (folder / "r.json") + " --output " + (folder / "x.svg"),
                                       "plot " + (folder / "r.json") + " --output " + (folder / "x.png")}) {
    CAPTURE(arguments);
    const Ran ran = with_little_disk(8, arguments);
    CHECK(ran.status == 3);
    CHECK(std::ranges::count(ran.err, '\n') == 1);
    CHECK(files_in(folder) == before);
  }
  const Ran sweep = with_little_disk(40, "sweep " + (folder / "s.toml") + " --quiet");
  CHECK(sweep.status == 3);
  CHECK(std::ranges::count(sweep.err, '\n') == 1);
  // What was kept before is whole: the same sweep goes on from there.
  CHECK(quenched_program("sweep " + (folder / "s.toml")).status == 0);
}

TEST_CASE("a closed pipe, a full standard output, no environment") {
  const std::string said = "quenched population: standard output: cannot be written\n";
  const Ran full = run_program("sh -c '" QUENCHED_PROGRAM " population >/dev/full'");
  CHECK(full.status == 3);
  CHECK(full.err == said);
  const Ran closed = run_program("sh -c '(sleep 0.5; " QUENCHED_PROGRAM " population; echo $? >&2) | true'");
  CHECK(closed.err == said + "3\n");
  CHECK(run_program("env -i " QUENCHED_PROGRAM " population").out == quenched_program("population").out);
}

TEST_CASE("SIGTERM in the middle of a sweep and of a figure") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << "command = \"simulate\"\n[parameters]\ndimension = [20, 21, 3000]\n";
  CHECK(interrupted({"sweep", folder / "s.toml", "--threads", "1", "--quiet"}, SIGTERM, 2) == 143);
  const Json kept = Json::parse(quenched_program("export " + (folder / "s.db") + " --format json").out);
  REQUIRE(kept.size() >= 2);
  CHECK(kept[0]["dimension"] == 20);
  CHECK(kept[1]["dimension"] == 21);
  std::filesystem::create_directory(folder / "figures");
  CHECK(interrupted({"reproduce", "finite-sample", "--output", folder / "figures", "--quiet"}, SIGTERM, 2) ==
        143);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "figures"))
    CHECK(entry.path().extension() != ".part");
}
