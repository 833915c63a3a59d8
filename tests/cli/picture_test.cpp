#include "picture.hpp"

#include <doctest/doctest.h>

#include <set>

#include "curve_script.hpp"
#include "program.hpp"
#include "read_records.hpp"

using namespace quenched::apps;

static Record point(const char* command, double alpha, double test_error, const char* verdict) {
  Record record = {{"task", "spiked"},         {"signal", 1},
                   {"alpha", alpha},           {"activation", "softmax"},
                   {"test_error", test_error}, {"command", command}};
  record["certificate"] = {{"verdict", verdict}, {"stability_eigenvalue", 1 / alpha}};
  record["uncertainty"] = {{"test_error", 1e-3}};
  return record;
}

TEST_CASE(
    "series: theory and simulation of one thing share a label, points are sorted and know their verdict") {
  const std::vector<Record> records = {point("erm", 2, 0.8, "trusted"), point("erm", 1, 0.9, "unstable"),
                                       point("simulate", 1, 0.85, "")};
  Axes axes;
  const auto list = series(records, axes);
  CHECK(axes.x == "alpha");
  REQUIRE(list.size() == 2);
  CHECK(list[0].label == "softmax");
  CHECK(list[1].label == "softmax");
  CHECK(list[1].simulated);
  CHECK(list[0].points[0].x == 1);
  CHECK_FALSE(list[0].points[0].trusted);
  CHECK(list[0].points[1].trusted);
}

TEST_CASE(
    "series of population risks: softmax is the Bayes-optimal curve, panels by two parameters, what is "
    "lacking") {
  std::vector<Record> records;
  for (const char* task : {"spiked", "max"})
    for (const char* name : {"softmax", "linear"})
      for (const double signal : {1.0, 2.0})
        records.push_back({{"task", task},
                           {"length", 2},
                           {"signal", signal},
                           {"activation", name},
                           {"excess_error", 1 / signal},
                           {"bayes_risk", 0.1},
                           {"command", "population"},
                           {"lacks", std::string(name) == "linear" ? "growth" : ""}});
  Axes axes{.x = "signal", .y = "excess_error", .panels = "task,length", .lacking = true};
  const auto list = series(records, axes);
  REQUIRE(list.size() == 4);
  CHECK(list[0].panel == "spiked, L = 2");
  CHECK(list[0].label == "Bayes-optimal = softmax");
  CHECK(list[1].label == "linear: lacks growth");
  CHECK(list[3].panel == "max, L = 2");
}

TEST_CASE("what has no panel's parameter is in every panel; infinite alpha is said beside finite alpha") {
  std::vector<Record> records = {{{"signal", 1}, {"test_error", 0.1}, {"command", "bayes"}}};
  for (const char* command : {"erm", "population"})
    for (const char* name : {"softmax", "linear"})
      records.push_back({{"signal", 1}, {"activation", name}, {"test_error", 0.5}, {"command", command}});
  Axes axes{.x = "signal", .panels = "activation"};
  std::set<std::string> found;
  for (const Series& line : series(records, axes)) found.insert(line.panel + " | " + line.label);
  CHECK(found == std::set<std::string>{"activation = linear | Bayes-optimal", "activation = linear | ERM",
                                       "activation = linear | population, α = ∞",
                                       "activation = softmax | Bayes-optimal", "activation = softmax | ERM",
                                       "activation = softmax | population, α = ∞"});
}

TEST_CASE(
    "what is one value in a panel is in its title, what curves of a panel differ in is in their labels") {
  std::vector<Record> records;
  for (const auto& [task, ridges] : {std::pair{"spiked", std::vector{1.0}}, {"max", std::vector{0.3, 0.5}}})
    for (const double ridge : ridges)
      for (const double alpha : {1.0, 2.0})
        for (const char* command : {"erm", "bayes"}) {
          Record record = {{"task", task}, {"alpha", alpha}, {"test_error", 0.5}, {"command", command}};
          if (command == std::string("erm"))
            record.update({{"activation", "softmax"}, {"ridge_k", ridge}, {"ridge_v", ridge}});
          records.push_back(record);
        }
  Axes axes{.x = "alpha", .panels = "task"};
  std::set<std::string> names;
  for (const Series& s : series(records, axes)) names.insert(s.panel + ": " + s.label);
  CHECK(names == std::set<std::string>{"spiked, r = 1: softmax", "spiked, r = 1: Bayes-optimal",
                                       "max: softmax, r = 0.3", "max: softmax, r = 0.5",
                                       "max: Bayes-optimal"});
}

TEST_CASE("thresholds beside branches are lines at their alpha; alone they are points") {
  const Record branch = {{"kind", "fixed_point"},
                         {"branch", "informed"},
                         {"alpha", 1.0},
                         {"test_error", 0.5},
                         {"command", "phase"}};
  const Record spinodal = {
      {"kind", "upper_spinodal"}, {"alpha", 1.7}, {"uncertainty", 0.01}, {"command", "phase"}};
  std::vector<Record> records = {branch, spinodal};
  Axes axes;
  const auto lines = thresholds(records, axes);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].alpha == 1.7);
  CHECK(lines[0].name == "upper spinodal");
  CHECK(records.size() == 1);
  CHECK(axes.x == "alpha");
  std::vector<Record> alone = {spinodal};
  CHECK(thresholds(alone, axes).empty());
  CHECK(alone.size() == 1);
}

TEST_CASE("beyond replica symmetry its own line goes on in thin dashes, where the record says what it is") {
  std::vector<Record> records = {point("erm", 1, 0.9, "marginal"), point("erm", 2, 0.8, "marginal"),
                                 point("erm", 3, 0.7, "trusted")};
  Axes axes;
  const auto script = [&] { return curve_script(series(records, axes), {}, axes).text; };
  const std::string thin = "lw 1 dt (6,5)";
  CHECK(script().find(thin) == std::string::npos);
  for (int i : {0, 1}) records[i]["broken"] = true;
  CHECK(script().find(thin) == std::string::npos);
  for (int i : {0, 1}) records[i]["replica_symmetric"] = {{"test_error", 1.5 - i / 4.0}};
  const std::string drawn = script();
  CHECK(drawn.find(thin) != std::string::npos);
  CHECK(drawn.find("1 1.5\n2 1.25\n3 0.7\n") != std::string::npos);  // to where the curves join
  CHECK(drawn.find("1 0.9\n2 0.8\n3 0.7\n") != std::string::npos);
  CHECK(drawn.find("what replica symmetry says there") != std::string::npos);
}

TEST_CASE("pictures begin as their suffix says and their data lie beside them") {
  const Folder folder;
  const std::vector<Record> records = {point("erm", 1, 0.9, "unstable"), point("erm", 2, 0.8, "trusted"),
                                       point("erm", 3, 0.7, "trusted"), point("simulate", 1, 0.85, "")};
  for (const auto& [suffix, magic] : {std::pair{"png", "\x89PNG"}, {"pdf", "%PDF"}, {"svg", "<?xml"}}) {
    const std::string path = folder / (std::string("p.") + suffix);
    draw(records, {}, path);
    CHECK(contents(path).starts_with(magic));
  }
  const std::string data = contents(folder / "p.csv");
  CHECK(std::count(data.begin(), data.end(), '\n') == 5);
  CHECK(data.find(",softmax,simulation,1.0,0.85,0.001") != std::string::npos);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 4);  // no temporary left
}

TEST_CASE("plot reads what the commands write, and --plot draws it at once") {
  const Folder folder;
  CHECK(quenched_program("bayes --alpha 1,2 --output " + (folder / "b.csv") + " --plot " +
                         (folder / "at-once.svg"))
            .status == 0);
  CHECK(std::filesystem::exists(folder / "at-once.csv"));
  CHECK(quenched_program("plot " + (folder / "b.csv") + " --output " + (folder / "later.svg")).status == 0);
  CHECK(contents(folder / "later.csv") == contents(folder / "at-once.csv"));
  CHECK(quenched_program("plot " + (folder / "b.csv") + " --output " + (folder / "b.png")).status ==
        2);  // its own data
}

TEST_CASE("a map's colour is the error of the branch that `bayes` finds the better one") {
  const Folder folder;
  const std::string problem = " --length 2 --noise 1e-4 --tolerance 1e-2 ", map = folder / "map.png";
  REQUIRE(quenched_program("phase --map --signal 0.3,0.5" + problem +
                           "--alpha 0.9:1.4 --format json --plot " + map)
              .status == 0);
  CHECK(contents(map).starts_with("\x89PNG"));
  std::istringstream rows(contents(folder / "map.csv"));
  std::string line;
  int compared = 0;
  std::getline(rows, line);
  REQUIRE(line == "signal,alpha,test_error");
  for (int i = 0; std::getline(rows, line); ++i) {
    if (i % 160 != 25 + i / 160 * 60) continue;
    const auto first = line.find(','), second = line.find(',', first + 1);
    const double drawn = std::stod(line.substr(second + 1));
    const Ran ran = quenched_program("bayes --start both --format json --signal " + line.substr(0, first) +
                                     " --alpha " + line.substr(first + 1, second - first - 1) + problem);
    const Json records = Json::parse(ran.out);
    REQUIRE(records.size() == 2);
    const Json& better = records[0]["free_entropy"] > records[1]["free_entropy"] ? records[0] : records[1];
    INFO(line << ' ' << better["test_error"]);
    CHECK(std::abs(better["test_error"].get<double>() - drawn) < 0.01);
    ++compared;
  }
  CHECK(compared == 2);
}
