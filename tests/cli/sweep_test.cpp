#include <SQLiteCpp/SQLiteCpp.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include "json.hpp"
#include "program.hpp"

using quenched::apps::Json;

namespace {

const std::string grid = R"(command = "population"
[parameters]
signal = "1:9:100"
activation = ["softmax", "linear"]
)";
const std::string plain = "population --signal 1:9:100 --activation softmax,linear ";
const std::string plain_grid = plain + "--format json";

/// A curve: each point continues the one before.
const std::string curve = R"(command = "glm"
[parameters]
alpha = [1, 2, 3, 4, 5, 6]
noise = 0.1
loss = ["square", "absolute"]
ridge = "optimal"
)";
const std::string plain_curve =
    "glm --alpha 1,2,3,4,5,6 --noise 0.1 --loss square,absolute --ridge optimal --format json";

/// A folder with a SPEC.toml of this text.
struct Sweeping : Folder {
  explicit Sweeping(const std::string& text) { std::ofstream(*this / "s.toml") << text; }
  [[nodiscard]] Ran sweep(const std::string& more = "") const {
    return quenched_program("sweep " + (*this / "s.toml") + ' ' + more);
  }
  [[nodiscard]] Ran exported(const std::string& more = "--format json") const {
    return quenched_program("export " + (*this / "s.db") + ' ' + more);
  }
  void execute(const std::string& sql) const {
    SQLite::Database(*this / "s.db", SQLite::OPEN_READWRITE).exec(sql);
  }
  /// The time that each point took, which tells whether it was computed again.
  [[nodiscard]] std::map<std::string, double> seconds() const {
    const SQLite::Database database(*this / "s.db");
    SQLite::Statement rows(database, "SELECT key, seconds FROM point");
    std::map<std::string, double> list;
    while (rows.executeStep()) list[rows.getColumn(0)] = rows.getColumn(1);
    return list;
  }
};

bool says(const Ran& ran, const std::string& text) {
  INFO(ran.out << ran.err);
  const bool found = (ran.out + ran.err).find(text) != std::string::npos;
  CHECK(found);
  return found;
}

constexpr auto failure =
    "UPDATE point SET status = 'failed', record = json_set(record, '$.failed', 'not enough memory') WHERE ";

}  // namespace

TEST_CASE("a sweep exports what the plain command prints, at any number of threads, and computes it once") {
  for (const auto& [text, command] : {std::pair{grid, plain_grid}, {curve, plain_curve}}) {
    const Sweeping folder(text);
    const std::string expected = quenched_program(command).out;
    const Ran first = folder.sweep("--quiet --threads 3");
    CHECK(first.status == 0);
    CHECK(first.err.empty());
    CHECK(folder.exported().out == expected);
    says(folder.sweep(), ": 0 computed now");
    CHECK(folder.sweep("--threads 1 --quiet --store " + (folder / "one.db")).status == 0);
    CHECK(quenched_program("export --format json " + (folder / "one.db")).out == expected);
    CHECK_FALSE(std::filesystem::exists(folder / "s.db-wal"));
  }
}

TEST_CASE("export prints and writes each form, draws, and the plot command reads a store") {
  const Sweeping folder(grid);
  REQUIRE(folder.sweep().status == 0);
  CHECK(folder.exported("").out == quenched_program(plain).out);
  CHECK(folder.exported("--format csv").out == quenched_program(plain + "--format csv").out);
  CHECK(folder.exported("--strict").status == quenched_program(plain + "--strict").status);
  CHECK(folder.exported("--output " + (folder / "r.csv")).out.empty());
  CHECK(contents(folder / "r.csv") == folder.exported("--format csv").out);
  CHECK(folder.exported("--output " + (folder / "r.json")).status == 0);
  CHECK(Json::parse(contents(folder / "r.json"))[0]["provenance"]["arguments"] == "quenched population");
  CHECK(Json::parse(folder.exported("--timing --format json").out)[0]["seconds"] > 0);
  CHECK(quenched_program("plot " + (folder / "s.db") + " --output " + (folder / "p.svg")).status == 0);
  CHECK(contents(folder / "p.svg").find("<svg") != std::string::npos);
}

TEST_CASE("a store in a folder that may only be read is exported all the same") {
  const Sweeping folder(grid);
  REQUIRE(folder.sweep().status == 0);
  const std::string before = folder.exported().out;
  using std::filesystem::perms;
  const perms any = perms::owner_read | perms::owner_exec | perms::others_read | perms::others_exec;
  std::filesystem::permissions(folder / "s.db", perms::owner_read | perms::others_read);
  std::filesystem::permissions(folder / "", any);
  const Ran ran = folder.exported();  // root may write all the same
  std::filesystem::permissions(folder / "", perms::owner_all);
  CHECK(ran.status == 0);
  CHECK(ran.out == before);
}

TEST_CASE("a store may be named by a link, before it is there too") {
  const Sweeping folder(grid);
  std::filesystem::create_directory(folder / "far");
  std::filesystem::create_symlink("far/kept.db", folder / "s.db");
  REQUIRE(folder.sweep().status == 0);
  CHECK(std::filesystem::is_symlink(folder / "s.db"));
  CHECK(quenched_program("export --format json " + (folder / "far/kept.db")).out ==
        quenched_program(plain_grid).out);
  says(folder.sweep(), ": 0 computed now");
}

TEST_CASE("kill -9 at any moment loses no finished point, and the rest comes out the same") {
  for (const auto& [text, command] : {std::pair{grid, plain_grid}, {curve, plain_curve}}) {
    const Sweeping folder(text);
    const std::string file = folder / "s.toml";
    std::map<std::string, double> before;
    for (int attempt = 0; attempt < 10; ++attempt) {
      const pid_t child = fork();
      if (child == 0) {
        dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
        execl(QUENCHED_PROGRAM, "quenched", "sweep", file.c_str(), "--quiet", nullptr);
        _exit(99);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + 37 * attempt % 150));
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
      if (!std::filesystem::exists(folder / "s.db")) continue;
      const auto after = folder.seconds();
      for (const auto& [key, seconds] : before) CHECK(after.at(key) == seconds);
      before = after;
    }
    CHECK(folder.sweep().status == 0);
    for (const auto& [key, seconds] : before) CHECK(folder.seconds().at(key) == seconds);
    CHECK(folder.exported().out == quenched_program(command).out);
  }
}

TEST_CASE("two processes on one store share the points") {
  const Sweeping folder(grid);
  const std::string sweep = QUENCHED_PROGRAM " sweep --threads 2 --quiet " + (folder / "s.toml");
  CHECK(run_program("sh -c '" + sweep + " > " + (folder / "a") + " & " + sweep + " > " + (folder / "b") +
                    "; wait'")
            .status == 0);
  int computed = 0;
  for (const char* name : {"a", "b"}) {
    const std::string said = contents(folder / name);
    INFO(said);
    REQUIRE(said.find(": ") != std::string::npos);
    computed += std::stoi(said.substr(said.find(": ") + 2));
    CHECK(said.find("0 missing") != std::string::npos);
  }
  CHECK(computed == 200);
  CHECK(folder.exported().out == quenched_program(plain_grid).out);
}

TEST_CASE("shards, merged, are the whole") {
  for (const auto& [text, command] : {std::pair{grid, plain_grid}, {curve, plain_curve}}) {
    const Sweeping folder(text);
    std::string parts;
    for (const std::string i : {"1", "2", "3"}) {
      parts += ' ' + (folder / ("part" + i + ".db"));
      CHECK(folder.sweep("--shard " + i + "/3 --store " + (folder / ("part" + i + ".db"))).status == 0);
    }
    const Ran part = quenched_program("export --format json --strict " + (folder / "part1.db"));
    CHECK(part.status == 1);  // not the whole
    says(part, " missing");
    const std::string merge = "merge" + parts + " --store " + (folder / "s.db");
    CHECK(quenched_program(merge).status == 0);
    CHECK(folder.exported().out == quenched_program(command).out);
    CHECK(quenched_program(merge).status == 0);  // again changes nothing
    CHECK(folder.exported().out == quenched_program(command).out);
    says(folder.sweep(), ": 0 computed now");
  }
}

TEST_CASE("a point that fails is kept with its reason, stops nothing and is computed again on --retry only") {
  const Sweeping folder(R"(command = "erm"
[parameters]
signal = [1, 2, 3]
activation = "hardmax"
)");
  const Ran ran = folder.sweep();
  CHECK(ran.status == 1);
  says(ran, "3 failed: ");
  says(folder.sweep(), ": 0 computed now");
  says(folder.sweep("--retry"), ": 3 computed now");
  CHECK(folder.exported().out == "[]\n");
  says(folder.exported(), "length of k");
  const Ran drawn = folder.exported("--plot " + (folder / "x.svg"));
  CHECK(drawn.status == 3);
  says(drawn, "x.svg: there are no records to draw");
  CHECK_FALSE(std::filesystem::exists(folder / "x.svg"));
}

TEST_CASE("--retry heals a point, and a curve that went round it comes out as if it had never failed") {
  for (const auto& [text, command] : {std::pair{grid, plain_grid}, {curve, plain_curve}}) {
    const Sweeping folder(text);
    REQUIRE(folder.sweep().status == 0);
    folder.execute(std::string(failure) + "rowid = 4");
    const Ran ran = folder.sweep();
    CHECK(ran.status == 1);
    says(ran, "1 failed: not enough memory");
    says(folder.exported(), "1 failed, 0 missing");
    CHECK(folder.sweep("--retry").status == 0);
    CHECK(folder.exported().out == quenched_program(command).out);
  }
}

TEST_CASE("merging never puts a failure in place of a result") {
  const Sweeping folder(grid);
  REQUIRE(folder.sweep().status == 0);
  REQUIRE(folder.sweep("--store " + (folder / "good.db")).status == 0);
  folder.execute(std::string(failure) + "true");
  CHECK(quenched_program("merge " + (folder / "s.db") + " --store " + (folder / "good.db")).status == 0);
  CHECK(quenched_program("export --format json " + (folder / "good.db")).out ==
        quenched_program(plain_grid).out);
  CHECK(quenched_program("merge " + (folder / "good.db") + " --store " + (folder / "s.db")).status == 0);
  CHECK(folder.exported().out == quenched_program(plain_grid).out);
}

TEST_CASE("a store of the previous schema is brought to the newest, and nothing of it is computed again") {
  const Sweeping folder(grid);
  REQUIRE(folder.sweep().status == 0);
  const std::string old = folder / "old.db";
  {  // as the first version made it
    SQLite::Database database(old, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec(
        "PRAGMA application_id = 0x51554e43; PRAGMA user_version = 1;"
        "CREATE TABLE point(key TEXT PRIMARY KEY, status TEXT NOT NULL,"
        "  record TEXT NOT NULL, seconds REAL NOT NULL);"
        "CREATE TABLE sweep(id INTEGER PRIMARY KEY, specification TEXT NOT NULL UNIQUE);");
    database.exec("ATTACH '" + (folder / "s.db") + "' AS new");
    database.exec(
        "INSERT INTO point SELECT key, status, record, seconds FROM new.point LIMIT 150;"
        "INSERT INTO sweep SELECT * FROM new.sweep");
  }
  const std::string copy = folder / "copy.db";
  std::filesystem::copy_file(old, copy);
  const std::string plain_records = quenched_program(plain_grid).out;
  const auto schema = [](const std::string& path) {
    return SQLite::Database(path).execAndGet("PRAGMA user_version").getInt();
  };
  const Ran partial = quenched_program("export --format json " + old);
  says(partial, "50 missing");
  says(partial, "150 results there are of another version than");
  CHECK(schema(old) == 2);
  says(folder.sweep("--store " + old), ": 50 computed now");
  CHECK(quenched_program("export --format json " + old).out == plain_records);
  CHECK(SQLite::Database(old).execAndGet("SELECT count(*) FROM point WHERE version = ''").getInt() == 150);
  // Merged while it is still old, into one that is new.
  CHECK(quenched_program("merge " + copy + " --store " + (folder / "s.db")).status == 0);
  CHECK(folder.exported().out == plain_records);
}

TEST_CASE("a longer sweep computes only what is new, and each of the two can be exported") {
  const Sweeping folder("command = \"population\"\n[parameters]\nsignal = [1, 2]\n");
  REQUIRE(folder.sweep().status == 0);
  std::ofstream(folder / "long.toml") << "command = \"population\"\nparameters.signal = [1, 1.5, 2]\n";
  says(quenched_program("sweep " + (folder / "long.toml") + " --store " + (folder / "s.db")),
       ": 1 computed now");
  CHECK(folder.exported().out == quenched_program("population --signal 1,1.5,2 --format json").out);
  CHECK(folder.exported((folder / "s.toml") + " --format json").out ==
        quenched_program("population --signal 1,2 --format json").out);
}

TEST_CASE("what varies together in a zip makes one step, in the record's order") {
  const Sweeping folder(R"(command = "population"
[parameters]
length = [2, "1,2"]
[[zip]]
activation = ["softmax", "linear"]
signal = [1, 3]
)");
  REQUIRE(folder.sweep().status == 0);
  const Json records = Json::parse(folder.exported().out);
  REQUIRE(records.size() == 4);
  for (int i = 0; i < 4; ++i) {
    const Json law = i < 2 ? Json(2) : Json("1,2");
    CHECK(records[i]["length"] == law);
    CHECK(records[i]["signal"] == (i % 2 == 0 ? 1 : 3));
    const std::string one = "population --length " + std::string(i < 2 ? "2" : "1,2") + " --signal " +
                            (i % 2 == 0 ? "1 --activation softmax" : "3 --activation linear");
    CHECK(Json(Json::array({records[i]})).dump(2) + '\n' == quenched_program(one + " --format json").out);
  }
}

TEST_CASE("a simulation over dimensions is extrapolated on export") {
  const Sweeping folder("command = \"simulate\"\nparameters.dimension = [20, 30, 40]\nsettings.seeds = 3\n");
  CHECK(folder.sweep().status == 0);
  CHECK(folder.exported().out ==
        quenched_program("simulate --dimension 20,30,40 --seeds 3 --format json").out);
}
