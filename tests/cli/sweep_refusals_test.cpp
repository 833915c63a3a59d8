#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>

#include <algorithm>

#include "program.hpp"

namespace {

/// Exit 2 and one line that says `said`; nothing else is written.
void refused(const std::string& arguments, const std::string& said) {
  INFO(arguments);
  const Ran ran = quenched_program(arguments);
  INFO(ran.err);
  CHECK(ran.status == 2);
  CHECK(ran.out.empty());
  CHECK(std::ranges::count(ran.err, '\n') == 1);
  CHECK(ran.err.find(said) != std::string::npos);
}

void refused_file(const std::string& text, const std::string& said) {
  const Folder folder;
  std::ofstream(folder / "s.toml") << text;
  refused("sweep " + (folder / "s.toml"), "s.toml" + said);
  CHECK_FALSE(std::filesystem::exists(folder / "s.db"));
}

const std::string good = "command = \"bayes\"\n[parameters]\nalpha = [1, 2]\n";

}  // namespace

TEST_CASE("a wrong key of the file is named with its line, its value and what is allowed") {
  refused_file("", ": command: needs one of population, bayes");
  refused_file("command = \"baies\"\n", ":1: command baies: needs one of population, bayes");
  refused_file("command = 3\n", ":1: command : needs one of");
  refused_file("[ =", ":1: ");
  std::string dots = "a";
  for (int i = 0; i < 200'000; ++i) dots += ".a";
  refused_file("[" + dots + "]\n", ": needs keys of at most 256 dots");
  refused_file("command = \"bayes\"\ncommand = \"erm\"\n", ":2: ");
  refused_file("command = \"bayes\"\nparameter = 1\n",
               ":2: parameter: is no key of a sweep: needs one of command, parameters, settings, zip");
  refused_file("command = \"bayes\"\nparameters = 1\n", ":2: parameters: needs a table");
  refused_file("command = \"bayes\"\nzip = 1\n", ":2: zip: needs tables");
  refused_file("command = \"bayes\"\n[parameters]\nalpha = 1\nridge = 1\n",
               ":4: ridge: is no key of bayes: needs one of task, length");
  refused_file("command = \"bayes\"\n[settings]\nseeds = 1\n",
               ":3: seeds: is no key of bayes: needs one of tol");
  refused_file("command = \"bayes\"\n[parameters]\n\nalpha = [1, -1]\n",
               ":4: alpha -1: needs finite numbers > 0");
  refused_file("command = \"bayes\"\n[parameters]\nalpha = []\n", ":3: alpha '': needs numbers");
  refused_file("command = \"bayes\"\n[parameters]\nalpha = true\n",
               ":3: alpha: needs a number, a text or a list");
  refused_file("command = \"bayes\"\n[parameters]\nalpha = [[1]]\n",
               ":3: alpha: needs a number, a text or a list");
  refused_file("command = \"bayes\"\n[parameters]\nstart = \"random\"\n", ":3: start random: needs one of");
  refused_file("command = \"bayes\"\n[parameters]\nsignal = inf\n", ":3: signal inf: needs");
  refused_file("command = \"bayes\"\n[settings]\ntolerance = 2\n", ":3: tolerance 2: needs one number");
  refused_file("command = \"population\"\n[settings]\nat = \"m_k=1,q_k=2,m_v=1,q_v=0.5\"\n",
               ":3: at q_v=0.5: needs at least m_v^2");
  refused_file("command = \"erm\"\n[settings]\nderivatives = 1\n", ":3: derivatives: needs true or false");
  refused_file("command = \"erm\"\n[[zip]]\nridge_k = [1, 2]\nridge_v = [1]\n",
               ":4: ridge_v 1 values: needs 2, as ridge_k of this zip");
  refused_file("command = \"erm\"\n[parameters]\nridge_k = 1\n[[zip]]\nridge_k = [1, 2]\n",
               ":5: ridge_k: needs one place");
  refused_file("command = \"erm\"\n[parameters]\nridge_k = 1\nridge = \"optimal\"\n",
               ":4: ridge optimal: needs no ridge_k or ridge_v");
  refused_file("command = \"erm\"\nparameters.ridge_k = 1\n[[zip]]\nridge = [1, 2]\n",
               ":4: ridge 1,2: needs no ridge_k");
  refused("sweep /nonexistent.toml", "/nonexistent.toml: needs a TOML file that can be read");
  refused("sweep ''", "'': needs a TOML file that can be read");
  refused("sweep /", "/: needs a TOML file that can be read");
  refused("sweep", "specification is required");
}

TEST_CASE("wrong flags of sweep, export and merge") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << good;
  const std::string sweep = "sweep " + (folder / "s.toml");
  for (const std::string shard : {"0/2", "3/2", "1", "1/2/3", "a/2", "''"})
    refused(sweep + " --shard " + shard, "--shard ");
  refused(sweep + " --threads 0", "--threads 0: needs whole numbers >= 1");
  refused(sweep + " --store /nonexistent/s.db", "--store /nonexistent/s.db: cannot be written");
  refused(sweep + " --store /", "--store /: ");
  CHECK_FALSE(std::filesystem::exists(folder / "s.db"));
  REQUIRE(quenched_program(sweep).status == 0);
  const std::string store = folder / "s.db", exporting = "export " + store;
  refused(exporting + " --format xml", "--format xml: needs one of");
  refused(exporting + " --output /nonexistent/x.json", "--output /nonexistent/x.json: cannot be written");
  std::filesystem::create_symlink("s.db", folder / "link.db");
  const std::string kept = contents(store);
  refused(exporting + " --output " + store, "--output " + store + ": needs another name");
  refused(exporting + " --output " + (folder / "link.db"), "link.db: needs another name");
  refused(exporting + ' ' + (folder / "s.toml") + " --output " + (folder / "./s.toml"), "needs another name");
  CHECK(contents(store) == kept);
  CHECK(contents(folder / "s.toml") == good);
  refused("export /nonexistent.db", "STORE /nonexistent.db: needs a store");
  refused("merge " + store + " --store " + store, "--store " + store + ": needs another file");
  refused("merge " + (folder / "none.db") + " --store " + (folder / "all.db"), "PARTS ");
  CHECK_FALSE(std::filesystem::exists(folder / "all.db"));
  if (std::filesystem::exists("/dev/full"))
    CHECK(quenched_program("export " + store + " --output /dev/full").status == 3);
}

TEST_CASE("a foreign, newer or damaged store is refused and left as it is") {
  const Folder folder;
  std::ofstream(folder / "s.toml") << "command = \"population\"\nparameters.signal = \"1:9:60\"\n";
  const std::string path = folder / "s.db", sweep = "sweep " + (folder / "s.toml");
  REQUIRE(quenched_program(sweep).status == 0);
  const std::string whole = contents(path);
  REQUIRE(whole.size() > 5 * 4096);
  const auto database = [&](const std::string& sql) {
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << whole;
    SQLite::Database(path, SQLite::OPEN_READWRITE).exec(sql);
    return contents(path);
  };
  const struct {
    std::string bytes, said;
  } files[] = {{database("PRAGMA application_id = 0"), "is no store of quenched"},
               {database("PRAGMA user_version = 99"), "is of schema 99, from a newer quenched"},
               {"", "is no store of quenched"},
               {"a letter to my grandmother", "is no store of quenched"},
               {whole.substr(0, whole.size() / 2), "is damaged"},
               {whole.substr(0, 2 * 4096) + std::string(8192, 'x') + whole.substr(4 * 4096), "is damaged"}};
  for (const auto& file : files) {
    INFO(file.said);
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << file.bytes;
    refused(sweep, "--store " + path + ": " + file.said);
    refused("export " + path, "STORE " + path + ": " + file.said);
    refused("merge " + path + " --store " + (folder / "all.db"), "PARTS " + path + ": " + file.said);
    CHECK(contents(path) == file.bytes);
    CHECK_FALSE(std::filesystem::exists(folder / "all.db"));
  }
}
