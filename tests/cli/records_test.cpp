#include <doctest/doctest.h>

#include <cmath>

#include "json.hpp"
#include "program.hpp"
#include "read_records.hpp"
#include "typed.hpp"

using namespace quenched::apps;

static const char* const every_command[] = {
    "population",
    "bayes",
    "erm --ridge 0.5 --alpha 3,4 --tolerance 1e-3",
    "simulate --dimension 60 --seeds 3",
    "population --landscape --starts 2 --tolerance 1e-2",
    "amp --of bayes,erm --ridge 0.5 --iterations 2 --dimension 40 --seeds 2 --tolerance 1e-2",
    "dynamics --time 1,2 --dimension 40 --seeds 2 --tolerance 1e-2",
    "compare --ridge 0.5 --dimension 60 --seeds 3 --tolerance 1e-3",
    "glm-simulate --teacher sign --loss hinge --dimension 50 --seeds 3",
    "glm --noise 0.1 --loss square,absolute,bayes --ridge optimal",
    "phase --signal 0.5 --noise 1e-4 --alpha 0.8:2",
    "glm --teacher sign:0.1,logistic --loss hinge,logistic --ridge 0 --alpha 1,4"};

TEST_CASE("JSON and CSV hold the same records, and the same bytes come at any thread count") {
  const Folder folder;
  for (const std::string command : every_command) {
    INFO(command);
    const Ran one = quenched_program(command + " --format json --threads 1");
    CHECK(one.status == 0);
    CHECK(one.err.empty());
    CHECK(one.out == quenched_program(command + " --format json --threads 3").out);
    const Json records = Json::parse(one.out);
    REQUIRE(records.is_array());
    CHECK(one.out.find("NaN") == std::string::npos);
    CHECK(quenched_program(command + " --output " + (folder / "r.csv")).out.empty());
    // empty cells stand for null
    const auto back = read_records(folder / "r.csv");
    REQUIRE(back.size() == records.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
      const Json cells = back[i].flatten();
      for (const auto& [pointer, value] : cells.items())
        CHECK(records[i].at(Json::json_pointer(pointer)) == value);
      CHECK(cells.size() > 10);
    }
  }
}

TEST_CASE("a record has the fields of the contract, in their order") {
  const Json record = Json::parse(quenched_program("erm --ridge 0.5 --tolerance 1e-3 --format json").out)[0];
  std::size_t next = 0;
  const std::vector<std::string> order = {
      "task",        "length",  "signal",           "noise",       "alpha",
      "activation",  "ridge_k", "ridge_v",          "start",       "test_error",
      "train_error", "energy",  "order_parameters", "uncertainty", "certificate"};
  for (const auto& [name, value] : record.items())
    if (next < order.size() && name == order[next]) ++next;
  CHECK(next == order.size());
  for (const char* name :
       {"converged", "residual", "iterations", "integration_rule", "integration_error",
        "stability_eigenvalue", "symmetry_eigenvalue", "stable", "jump_weight", "verdict", "advice"})
    CHECK(record["certificate"].contains(name));
  CHECK(record["length"] == 2);
  CHECK(number_at(record, "test_error") == doctest::Approx(0.377156).epsilon(3e-3));
}

TEST_CASE("erm --beyond-rs goes on where replica symmetry is unstable, and is erm where it is stable") {
  const std::string point = " --signal 1 --alpha 2 --ridge 0.03,0.3 --tolerance 1e-2 --format json";
  const Ran one = quenched_program("erm --beyond-rs --threads 1" + point);
  REQUIRE(one.status == 0);
  CHECK(one.out == quenched_program("erm --beyond-rs --threads 3" + point).out);
  const Json records = Json::parse(one.out), plain = Json::parse(quenched_program("erm" + point).out),
             rsb = Json::parse(quenched_program("rsb" + point).out);
  CHECK(plain[0]["certificate"]["stable"] != true);
  CHECK(plain[0]["certificate"]["advice"].get<std::string>().find("quenched rsb") != std::string::npos);
  CHECK(records[0]["broken"] == true);
  CHECK(records[0]["test_error"] == rsb[0]["test_error"]);
  const Json& symmetric = records[0]["replica_symmetric"];
  for (const char* name : {"test_error", "train_error", "order_parameters"})
    CHECK(symmetric[name] == plain[0][name]);
  CHECK(symmetric["certificate"]["stability_eigenvalue"] == plain[0]["certificate"]["stability_eigenvalue"]);
  for (const char* name : {"m_k", "q0_k", "q1_k", "V_k", "m_v", "q0_v", "q1_v", "V_v"})
    CHECK(rsb[0]["order_parameters"].contains(name));
  for (const char* name : {"parisi", "potential", "energy", "complexity", "gain"})
    CHECK(rsb[0]["uncertainty"].contains(name));
  CHECK_FALSE(records[1].contains("broken"));
  CHECK(records[1] == plain[1]);
  CHECK(rsb[1]["broken"] == false);
  CHECK(rsb[1]["test_error"] == plain[1]["test_error"]);
}

TEST_CASE("rsb at Parisi parameters that its grid cannot hold ends with a verdict") {
  const Ran ran = quenched_program(
      "rsb --parisi 1e6,1e12 --alpha 1 --ridge 0.01 --tolerance 1e-2 --work 20 --format json");
  REQUIRE(ran.status == 0);
  const Json records = Json::parse(ran.out);
  REQUIRE(records.size() == 2);
  for (const Json& record : records) CHECK(record["certificate"]["verdict"] == "not_converged");
}

TEST_CASE("an infinite signal is the string inf") {
  const Ran ran = quenched_program(
      "bayes --task max --length 2 --signal inf --noise 0.01 --tolerance 1e-2 --format json");
  CHECK(Json::parse(ran.out)[0]["signal"] == "inf");
}

TEST_CASE("strict: exit 1 when a result is not trusted, and the record is printed all the same") {
  const std::string hard =
      "bayes --length 6 --noise 1e-4 --alpha 1.6 --start uninformed";  // the informed branch is better
  CHECK(quenched_program(hard).status == 0);
  const Ran strict = quenched_program(hard + " --strict --format json");
  CHECK(strict.status == 1);
  CHECK(Json::parse(strict.out)[0]["certificate"]["verdict"] == "metastable");
  CHECK(quenched_program("bayes --strict").status == 0);
}

TEST_CASE("a JSON file is an array of the same records with their provenance") {
  const Folder folder;
  CHECK(quenched_program("bayes --alpha 1,2 --threads 2 --output " + (folder / "b.json")).status == 0);
  Json records = Json::parse(contents(folder / "b.json"));
  CHECK(records[0]["provenance"]["arguments"] == "quenched bayes --alpha 1,2");
  const std::string built_by = records[0]["provenance"]["compiler"];
  CHECK(quenched_program("--version").out.find(built_by) != std::string::npos);
  for (Json& record : records) record.erase("provenance");
  CHECK(records == Json::parse(quenched_program("bayes --alpha 1,2 --format json").out));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);  // no temporary left
}

TEST_CASE("what was typed is noted so that a shell takes it") {
  for (const std::string text :
       {"", "it's", "'", "a b", "$HOME", "~", "*", "a;b", "#", "\"`x`\\", "log(1+exp(x))"}) {
    INFO(text);
    CHECK(run_program("printf %s " + quoted(text)).out == text);
  }
  for (const std::string plain : {"0.5:20:40:log", "m_k=1,q_k=2", "adam:0.02", "--alpha=1e-3", "/tmp/x@y.db"})
    CHECK(quoted(plain) == plain);
  const Folder folder;
  const std::string typed =
      "population --activation 'softmax,kernel:max(x, 0)' '--length=2;3' --tolerance 1e-2";
  REQUIRE(quenched_program(typed + " --output " + (folder / "r.json")).status == 0);
  Json records = Json::parse(contents(folder / "r.json"));
  CHECK(records[0]["provenance"]["arguments"] == "quenched " + typed);
  for (Json& record : records) record.erase("provenance");
  CHECK(records.size() == 4);
  CHECK(records == Json::parse(quenched_program(typed + " --format json").out));
}

TEST_CASE("a link stays a link, a file keeps its mode, and both stay whole when writing fails") {
  namespace fs = std::filesystem;
  const Folder folder;
  const auto mode = [&](const std::string& name) { return fs::status(folder / name).permissions(); };
  const auto private_mode = fs::perms::owner_read | fs::perms::owner_write;
  fs::create_directory(folder / "far");
  for (const char* name : {"r.json", "p.svg"}) {
    const std::string far = std::string("far/") + name;
    std::ofstream(folder / far) << "before";
    fs::permissions(folder / far, private_mode);
    fs::create_symlink(far, folder / name);
  }
  fs::create_symlink("far/new.csv", folder / "p.csv");  // to nothing yet
  const std::string command =
      "bayes --alpha 1,2 --output " + (folder / "r.json") + " --plot " + (folder / "p.svg");
  REQUIRE(quenched_program(command).status == 0);
  for (const char* name : {"r.json", "p.svg", "p.csv"}) CHECK(fs::is_symlink(folder / name));
  CHECK(Json::parse(contents(folder / "far/r.json")).size() == 2);
  CHECK(contents(folder / "far/p.svg").starts_with("<?xml"));
  CHECK(contents(folder / "far/new.csv").starts_with("panel,"));
  CHECK(mode("far/r.json") == private_mode);
  CHECK(mode("far/p.svg") == private_mode);
  CHECK(std::distance(fs::recursive_directory_iterator(folder.path), {}) == 7);  // no temporary left

  fs::create_symlink("round.json", folder / "round.json");
  CHECK(quenched_program("bayes --output " + (folder / "round.json")).status == 2);
  CHECK(fs::is_symlink(folder / "round.json"));
  const std::string whole = contents(folder / "far/r.json");
  CHECK(run_program("sh -c 'ulimit -f 1; exec " QUENCHED_PROGRAM " bayes --alpha 1:2:30 --output " +
                    (folder / "r.json") + "'")
            .status == 3);
  CHECK(contents(folder / "far/r.json") == whole);
}

TEST_CASE(
    "formulas are activations: commas and spaces of theirs survive lists, and softmax is kernel:exp(x)") {
  const Json records = Json::parse(
      quenched_program("population --length 3 --tolerance 1e-2 --format json "
                       "--activation 'softmax,kernel:exp(x),kernel:max(x, 0),elementwise:1+tanh(x)'")
          .out);
  REQUIRE(records.size() == 4);
  CHECK(records[2]["activation"] == "kernel:max(x, 0)");
  CHECK(records[2]["remark"].get<std::string>().find("vanishes") != std::string::npos);
  CHECK(records[0]["excess_error"] == records[1]["excess_error"]);
  CHECK(records[3]["lacks"] == "normalisation, exponential growth");
  const std::string training = "simulate --dimension 30 --seeds 2 --format json --activation ";
  Json named = Json::parse(quenched_program(training + "softmax").out);
  named[0]["activation"] = "kernel:exp(x)";
  CHECK(named == Json::parse(quenched_program(training + "'kernel:exp(x)'").out));
}

TEST_CASE("an exponentially small excess keeps its digits beside the noise, and its logarithm below 1e-308") {
  const Json r = Json::parse(quenched_program("population --signal 200,4000 --noise 0.1 --format json").out);
  const double excess = r[0]["excess_error"], asymptote = std::sqrt(M_PI / 800) * std::exp(-50.0);
  CHECK(std::abs(excess / asymptote - 1 + M_PI * M_PI / 800) < 1e-3);
  CHECK(r[0]["uncertainty"]["excess_error"].get<double>() < 1e-9 * excess);
  CHECK(!r[0].contains("log_excess_error"));
  CHECK(r[1]["excess_error"] == 0);
  CHECK(r[1]["log_excess_error"].get<double>() ==
        doctest::Approx(-1000 + std::log(std::sqrt(M_PI / 16000))).epsilon(1e-6));
}

TEST_CASE("help, version and the list of activations") {
  CHECK(quenched_program("--version").out.starts_with("quenched 0."));
  CHECK(quenched_program("erm --help").out.find("--ridge-k") != std::string::npos);
  CHECK(quenched_program("bayes --help").out.find("--ridge") == std::string::npos);
  CHECK(quenched_program("activations").out.find("softmax") != std::string::npos);
  CHECK(quenched_program("activations").out.find("elementwise:PHI") != std::string::npos);
  const Json one = Json::parse(quenched_program("activations 'kernel:exp(2*x)' --format json").out);
  CHECK(one.size() == 1);
  CHECK(one[0]["shift_invariant"] == true);
}
