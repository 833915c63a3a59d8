#include <doctest/doctest.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "program.hpp"
#include "read_records.hpp"
#include "reproduce_command.hpp"

using namespace quenched::apps;

TEST_CASE("every built-in figure reads, and is shown as its file: a copy gives the same") {
  CHECK(built_in_figures().size() >= 5);
  for (const BuiltInFigure& built_in : built_in_figures()) {
    const std::string name(built_in.name);
    INFO(name);
    const std::string file = std::string(QUENCHED_FIGURES) + "/" + name + ".toml";
    CHECK(quenched_program("reproduce --show " + name).out == contents(file));
    const Figure figure = figure_named(name), copy = figure_named(file);
    CHECK(copy.name == name);
    CHECK_FALSE(figure.help.empty());
    REQUIRE(copy.pictures.size() == figure.pictures.size());
    for (std::size_t i = 0; i < figure.pictures.size(); ++i)
      for (std::size_t j = 0; j < figure.pictures[i].parts.size(); ++j) {
        CHECK(points_of(figure.pictures[i].parts[j]) == points_of(copy.pictures[i].parts[j]));
        CHECK_FALSE(figure.pictures[i].caption.empty());
      }
  }
}

namespace {

/// A figure's file with `picture` in its picture and `part` in the picture's part, whose first lines are
/// `[[picture]]` and, after those of `picture`, `[[picture.part]]`.
std::string figure_with(const std::string& picture, const std::string& part) {
  return "[[picture]]\n" + picture + "[[picture.part]]\n" + part;
}

void refused_figure(const std::string& text, const std::string& said) {
  const Folder folder;
  INFO(text);
  std::ofstream(folder / "mine.toml") << text;
  const Ran ran = quenched_program("reproduce --output " + (folder / "out") + " " + (folder / "mine.toml"));
  INFO(ran.err);
  CHECK(ran.status == 2);
  CHECK(ran.out.empty());
  CHECK(std::ranges::count(ran.err, '\n') == 1);
  CHECK(ran.err.find("mine.toml" + said) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "out"));
}

}  // namespace

TEST_CASE("a wrong key of a figure's file is named with its line, its value and what is allowed") {
  const std::string name = "name = \"p\"\n", bayes = "command = \"bayes\"\n";
  refused_figure("", ": picture: needs at least one [[picture]]");
  refused_figure("[ =", ":1: ");
  refused_figure("picture = 1\n", ":1: picture: needs tables, as [[picture]]");
  refused_figure("title = \"x\"\n", ":1: title: is no key of a figure: needs one of help, picture");
  refused_figure("help = 3\n" + figure_with(name, bayes), ":1: help: needs a text");
  refused_figure(figure_with("", bayes), ":1: name '': needs letters");
  refused_figure(figure_with("name = \"../p\"\n", bayes), ":2: name ../p: needs letters");
  refused_figure("[[picture]]\n" + name, ":1: part: needs at least one [[picture.part]]");
  refused_figure(figure_with(name + "colour = 1\n", bayes), ":3: colour: is no key of a picture");
  refused_figure(figure_with(name, "command = \"baies\"\n"), ":4: command baies: needs one of population, b");
  refused_figure(figure_with(name, "\n"), ":3: command: needs one of population, bayes");
  refused_figure(figure_with(name, bayes + "zip = 1\n"), ":5: zip: is no key of a part");
  refused_figure(figure_with(name, bayes + "parameters.ridge = 1\n"), ":5: ridge: is no key of bayes");
  refused_figure(figure_with(name, bayes + "parameters.alpha = [1, -1]\n"), ":5: alpha -1: needs finite");
  refused_figure(figure_with(name, bayes + "settings.tolerance = 2\n"), ":5: tolerance 2: needs one number");
  refused_figure(figure_with(name + "x = \"ridge\"\n", bayes), ":3: x ridge: needs one of task, length");
  refused_figure(figure_with(name + "y = \"error\"\n", bayes), ":3: y error: needs one of test_error");
  refused_figure(figure_with(name + "panels = [\"task\", \"L\"]\n", bayes), ":3: panels L: needs one of");
  refused_figure(figure_with(name + "over_limit = 1\n", bayes), ":3: over_limit: needs true or false");
  refused_figure(figure_with(name, bayes) + figure_with(name, bayes), ":6: name p: needs another");
}

TEST_CASE("a file of the user's own is a figure, called as the file") {
  const Folder folder;
  std::ofstream(folder / "mine.toml")
      << figure_with("name = \"p\"\ncaption = \"of mine\"\n",
                     "command = \"bayes\"\nparameters = { alpha = [1, 2], noise = 0.25 }\n");
  const Ran ran = run_program("cd " + folder.path.string() + " && " QUENCHED_PROGRAM " reproduce mine.toml");
  CHECK(ran.status == 0);
  CHECK(ran.out == "reproduce/mine/p.png, .csv, .json\n    of mine\n");
  const auto records = read_records(folder / "reproduce/mine/p.json");
  REQUIRE(records.size() == 2);
  CHECK(records[1]["alpha"] == 2);
  const std::string typed = records[0]["provenance"]["arguments"];  // gives the same
  CHECK(typed == "quenched bayes --noise 0.25 --alpha 1,2");
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
  const Request part = coarser(figure).pictures[0].parts[0];
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
