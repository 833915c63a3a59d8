#include <doctest/doctest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "program.hpp"
#include "read_records.hpp"
#include "reproduce_command.hpp"

using namespace quenched::apps;

TEST_CASE("every part of every figure is a specification that its command takes") {
  for (const Figure* figure : figures())
    for (const Picture& picture : figure->pictures)
      for (const FigurePart& part : picture.parts) {
        INFO(figure->name, " ", picture.name, " ", part.command->name);
        const auto list =
            points(specification(part.command->parameters, part.parameters), part.command->check);
        CHECK_FALSE(list.empty());
        CHECK_NOTHROW(static_cast<void>(settings_of(*part.command, part.settings)));
      }
}

TEST_CASE("--fast takes a quarter of the points, at least four, and of the seeds") {
  const Figure figure{"f",
                      "",
                      {{.name = "p",
                        .caption = "",
                        .axes = {},
                        .parts = {{&glm_simulate_command,
                                   {{"alpha", "0.25:8:32,0.1:10:5:log,7"}, {"loss", "square"}},
                                   {{"seeds", "16"}}}}}}};
  const FigurePart part = coarser(figure).pictures[0].parts[0];
  CHECK(part.parameters.at("alpha") == "0.25:8:8,0.1:10:4:log,7");
  CHECK(part.parameters.at("loss") == "square");
  CHECK(part.settings.at("seeds") == "4");
}

/// As glm-limits, small.
static Figure small_figure() {
  const Texts theory = {{"teacher", "logistic"}, {"loss", "square,bayes"}, {"strength", "1,20"}};
  const Texts training = {{"teacher", "logistic"}, {"strength", "1,20"}, {"dimension", "40"}};
  return {"small",
          "",
          {{.name = "ratio",
            .caption = "said to the reader",
            .axes = {.x = "strength", .y = "test_error_over_limit"},
            .parts = {{&glm_command, theory, {}}, {&glm_simulate_command, training, {{"seeds", "3"}}}},
            .over_limit = true}}};
}

TEST_CASE("a figure is pictures, their data and the records; the ratio to the limit is at least 1") {
  const Folder folder;
  const std::string where = folder / "figures", text = reproduce(small_figure(), where, {}, true);
  CHECK(text.find(where + "/ratio.png") != std::string::npos);
  CHECK(text.find("said to the reader") != std::string::npos);
  CHECK(std::distance(std::filesystem::directory_iterator(where), {}) == 3);  // no temporary left
  CHECK(contents(where + "/ratio.png").starts_with("\x89PNG"));
  const auto records = read_records(where + "/ratio.json");
  REQUIRE(records.size() == 6);
  for (const Record& record : records) {
    const double ratio = number_at(record, "test_error_over_limit");
    const double error = number_at(record, "uncertainty.test_error_over_limit");
    CHECK(std::isnan(ratio) == (record["loss"] == "bayes"));
    if (record["command"] == "glm" && record["loss"] == "square") CHECK(ratio >= 1 - error);
    if (record["command"] == "glm-simulate") CHECK(std::abs(ratio - 1) < 1);
    CHECK(record["provenance"]["arguments"].get<std::string>().find("--teacher logistic") !=
          std::string::npos);
  }
  const std::string first = contents(where + "/ratio.json"), data = contents(where + "/ratio.csv");
  CHECK(std::count(data.begin(), data.end(), '\n') == 5);  // a heading; the limit is the unit of the others
  static_cast<void>(reproduce(small_figure(), where, {{"threads", "1"}}, true));
  CHECK(contents(where + "/ratio.json") == first);
}

TEST_CASE("an interrupted figure leaves its files whole or absent") {
  const Folder folder;
  const std::string where = folder / "figures";
  const pid_t child = fork();
  if (child == 0) {
    execl(QUENCHED_PROGRAM, "quenched", "reproduce", "glm-limits", "--output", where.c_str(), nullptr);
    _exit(99);
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  kill(child, SIGINT);
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  for (const auto& file : std::filesystem::directory_iterator(where)) {
    CHECK(file.path().extension() != ".part");
    if (file.path().extension() == ".json") CHECK_NOTHROW(static_cast<void>(read_records(file.path())));
  }
}
