#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "program.hpp"

namespace {

const std::string slow_grid = R"(command = "bayes"
[parameters]
signal = [0.5, 1, 2]
alpha = "0.5:5:12"
noise = 0.1
[settings]
tolerance = 1e-2
)";
const std::string plain_slow_grid =
    "bayes --signal 0.5,1,2 --alpha 0.5:5:12 --noise 0.1 --tolerance 1e-2 --format json";

std::string on_ranks(int ranks, const std::string& arguments) {
  return QUENCHED_MPIRUN " --allow-run-as-root --oversubscribe -n " + std::to_string(ranks) +
         " " QUENCHED_PROGRAM " " + arguments;
}

long kept(const std::string& store) {
  const Ran ran = quenched_program("export --format csv " + store);
  return ran.status == 0 ? std::ranges::count(ran.out, '\n') - 1 : 0;
}

}  // namespace

TEST_CASE(
    "a sweep on ranks: the plain command's bytes, every point once, and what is there is not computed") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << slow_grid;
  const Ran first = run_program(on_ranks(4, "sweep " + (folder / "s.toml")));
  CHECK(first.status == 0);
  CHECK(first.out.find("36 computed now, of 36 points: 36 converged") != std::string::npos);
  CHECK(quenched_program("export --format json " + (folder / "s.db")).out ==
        quenched_program(plain_slow_grid).out);
  const Ran again = run_program(on_ranks(2, "sweep --threads 2 " + (folder / "s.toml")));
  CHECK(again.out.find(" 0 computed now") != std::string::npos);
}

TEST_CASE("a rank that dies takes no finished point with it") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << slow_grid;
  const std::string command = on_ranks(3, "sweep " + (folder / "s.toml"));
  std::thread job([&] { CHECK(run_program(command).status != 0); });
  for (int wait = 0; wait < 600 && !std::filesystem::exists(folder / "s.db"); ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  for (int wait = 0; wait < 600 && kept(folder / "s.db") < 5; ++wait)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  // The last process with this file on its command line is a rank that computes.
  CHECK(
      std::system(("kill -9 $(pgrep -f '^" QUENCHED_PROGRAM " sweep " + (folder / "s.toml") + "' | tail -1)")
                      .c_str()) == 0);
  job.join();
  const long saved = kept(folder / "s.db");
  CHECK(saved >= 5);
  CHECK(saved < 36);
  const Ran rest = run_program(on_ranks(3, "sweep " + (folder / "s.toml")));
  CHECK(rest.out.find(std::to_string(36 - saved) + " computed now") != std::string::npos);
  CHECK(quenched_program("export --format json " + (folder / "s.db")).out ==
        quenched_program(plain_slow_grid).out);
}

TEST_CASE("wrong input on ranks: one line of ours, exit 2") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << "command = \"bayes\"\nparameters.alpha = -1\n";
  const Ran ran = run_program(on_ranks(3, "sweep " + (folder / "s.toml")));
  CHECK(ran.status == 2);
  const auto says = ran.err.find("quenched sweep: ");
  CHECK(says != std::string::npos);
  CHECK(ran.err.find("quenched sweep: ", says + 1) == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "s.db"));
}
