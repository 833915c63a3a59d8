#include "report.hpp"

#include <doctest/doctest.h>

#include <map>

#include "program.hpp"
#include "read_records.hpp"

using namespace quenched::apps;

static Json without_provenance(Record record) {
  record.erase("provenance");
  return record;
}

TEST_CASE("the command of each point gives its record again") {
  for (const char* arguments :
       {"bayes --alpha 2 --noise 0.1 --tolerance 1e-3",
        "erm --alpha 2 --ridge-k 0.5 --ridge-v 0.25 --activation linear --noise 0.1 --tolerance=1e-2",
        "erm --alpha 2 --ridge 1 --activation 'elementwise:1 + tanh(x)' --tolerance 1e-2",
        "simulate --alpha 1 --ridge 1 --dimension 20,40 --seeds 3 --seed 5 --activation linear",
        "population --activation linear --length 1:0.5,3:0.5", "population --at m_k=1,q_k=2,m_v=1,q_v=1.2",
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma)
        "dynamics --time 1,2 --start random:0.5 --dimension 30 --seeds 2 --tolerance 1e-2 --activation "
        "linear",
        "amp --of erm --alpha 2 --ridge 1 --start informed --iterations 2 --dimension 30 --seeds 2 "
        "--tolerance 1e-2",
        "dynamics --time 1 --at m_k=1,q_k=2,m_v=1,q_v=1.2 --tolerance 1e-2 --method flow",
        "glm --teacher sign:0.1 --loss logistic,bayes --ridge optimal --alpha 2",
        "compare --alpha 3 --ridge 1 --activation linear --dimension 30 --seeds 2 --tolerance 1e-2"}) {
    INFO(arguments);
    const Folder folder;
    const std::string file = folder / "r.json";
    static_cast<void>(quenched_program(std::string(arguments) + " --output " + file));
    const auto records = read_records(file);
    const Json data = report_data(records, {file});
    REQUIRE(data["sources"].size() == records.size());
    std::map<std::string, Json> printed;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::string again = data["sources"][i]["again"];
      INFO(again);
      REQUIRE(again.starts_with("quenched "));
      CHECK(data["sources"][i]["noted"] == records[i]["provenance"]["arguments"]);
      if (!printed.contains(again))
        printed[again] = Json::parse(quenched_program(again.substr(9) + " --format json").out);
      bool found = false;
      for (const Json& record : printed[again])
        found = found || without_provenance(record) == without_provenance(records[i]);
      CHECK(found);
    }
  }
}

TEST_CASE("the command of a threshold searches the range that was searched, not the alpha that was found") {
  const Record record = {
      {"of", "bayes"},
      {"signal", 0.3},
      {"noise", 0.01},
      {"kind", "alpha_IT"},
      {"alpha", 2.68},
      {"command", "phase"},
      {"provenance", {{"arguments", "quenched phase --alpha 0.5:3 --noise 0.01 --signal 0.3,1"}}}};
  const std::string again = "quenched phase --of bayes --signal 0.3 --noise 0.01 --alpha 0.5:3";
  CHECK(report_data({record}, {})["sources"][0]["again"] == again);
  for (const char* formula : {"'kernel:max(x, 1) + 1'", "kernel:max(x, 1)"}) {  // as older versions noted it
    Record of_formula = record;
    of_formula["provenance"]["arguments"] =
        std::string("quenched phase --activation ") + formula + " --alpha=0.5:3";
    CHECK(report_data({of_formula}, {})["sources"][0]["again"] == again);
  }
}

TEST_CASE("a store shows the settings of its sweep") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << "command = \"population\"\n[parameters]\nsignal = [1, 2]\n"
                                      "activation = \"linear\"\n[settings]\ntolerance = 1e-3\n";
  REQUIRE(quenched_program("sweep " + (folder / "s.toml") + " --store " + (folder / "s.db")).status == 0);
  const Json data = report_data(read_records(folder / "s.db"), {});
  REQUIRE(data["sources"].size() == 2);
  CHECK(data["sources"][1]["again"] ==
        "quenched population --task spiked --length 2 --signal 2 --noise 0 --activation linear --tolerance "
        "0.001");
}

TEST_CASE("curves over every parameter that varies, theory and simulation apart") {
  std::vector<Record> records;
  for (const double alpha : {2.0, 1.0})
    for (const double signal : {1.0, 2.0})
      for (const char* command : {"erm", "simulate"})
        records.push_back({{"signal", signal},
                           {"alpha", alpha},
                           {"activation", "softmax"},
                           {"command", command},
                           {"test_error", 0.5},
                           {"certificate", {{"verdict", signal == 1 ? "trusted" : "jumps"}}}});
  const Json data = report_data(records, {"a", "b"});
  CHECK(data["x"] == "alpha");
  REQUIRE(data["curves"]["alpha"].size() == 4);
  REQUIRE(data["curves"]["signal"].size() == 4);
  const Json& first = data["curves"]["alpha"][0];
  CHECK(first["label"] == "softmax, ν = 1");
  CHECK(first["records"] == Json({4, 0}));  // by alpha
  CHECK(data["records"][0]["trusted"] == true);
  CHECK(data["records"][2]["trusted"] == false);
  CHECK(data["diagram"].is_null());
}

TEST_CASE("a map's cells have their edges, their error and its thresholds") {
  std::vector<Record> records;
  for (const double signal : {1.0, 2.0}) {
    for (const double alpha : {1.0, 4.0})
      records.push_back({{"signal", signal},
                         {"kind", "fixed_point"},
                         {"alpha", alpha},
                         {"branch", "informed"},
                         {"test_error", signal},
                         {"free_entropy", 1},
                         {"command", "phase"}});
    records.push_back(
        {{"signal", signal}, {"kind", "alpha_IT"}, {"alpha", 2}, {"uncertainty", 0.1}, {"command", "phase"}});
  }
  const Json map = report_data(records, {})["diagram"];
  CHECK(map["x_edges"] == Json({0.5, 1.5, 2.5}));
  CHECK(map["alpha_edges"].front() == 1);
  CHECK(map["alpha_edges"].back().get<double>() == doctest::Approx(4));
  REQUIRE(map["errors"].size() + 1 == map["alpha_edges"].size());
  for (const Json& row : map["errors"]) CHECK(row == Json({1.0, 2.0}));
  CHECK(map["lines"] == Json::parse(R"([{"name": "α_IT", "records": [2, 5]}])"));
}

TEST_CASE("the page is whole or absent, and what records hold cannot end its script") {
  const Folder folder;
  const std::string file = folder / "r.json", page = folder / "r.html";
  const auto report = [&](const std::string& records, const std::string& output) {
    std::ofstream(file) << records;
    return quenched_program("report " + file + " --output " + output);
  };
  const auto refused = [&](const Ran& ran, const std::string& named, const std::string& allowed) {
    INFO(ran.err);
    CHECK(ran.status == 2);
    CHECK(std::ranges::count(ran.err, '\n') == 1);
    CHECK(ran.err.find(named) != std::string::npos);
    CHECK(ran.err.find(allowed) != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(page));
  };
  refused(quenched_program("report /nonexistent.json --output " + page), "/nonexistent.json", "read");
  refused(report("[]", page), "FILES", "records");
  refused(report("[1]", page), "FILES", "records");
  refused(report(R"([{"command": 5}])", page), "FILES", "records");
  refused(report(R"([{"command": "erm", "certificate": "none"}])", page), "FILES", "records");
  const std::string good =
      R"([{"command": "erm", "alpha": 1, "test_error": null, "remark": "</script><b>\u00e9"}])";
  refused(report(good, folder / "r.json"), "r.json", ".html");
  refused(report(good, "/nonexistent/r.html"), "--output /nonexistent/r.html", "No such file");
  refused(report(good, folder.path.string() + "/.html/"), "--output", ".html");

  const Ran ran = report(good, page);
  if (ran.status == 3) {  // built without the page
    CHECK(ran.err.find("npm") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(page));
    return;
  }
  CHECK(ran.status == 0);
  CHECK(ran.out.empty());
  const std::string html = contents(page);
  CHECK(html.find("</script><b>") == std::string::npos);
  CHECK(html.find("\\u003c/script>\\u003cb>é") != std::string::npos);
  CHECK(html.ends_with("</html>\n"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 2);  // no temporary left
}
