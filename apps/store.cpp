#include "store.hpp"

#include <SQLiteCpp/VariadicBind.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <quenched/invalid_input.hpp>

#include "output_file.hpp"
#include "parsed_json.hpp"

namespace quenched::apps {
namespace {

constexpr unsigned long store_application = 0x51554e43;  // "QUNC"
/// What brings a store of schema 1, 2, ... to the next: a change of the schema is one line more.
constexpr const char* migrations[] = {"ALTER TABLE point ADD COLUMN version TEXT NOT NULL DEFAULT ''"};
constexpr unsigned long store_schema = 1 + std::size(migrations);
constexpr int patience = 60'000;  // ms to wait for another process's transaction

/// What is better stays: converged, not converged, failed.
constexpr auto unless_better =
    " ON CONFLICT(key) DO UPDATE SET status = excluded.status, record = excluded.record,"
    " seconds = excluded.seconds, version = excluded.version"
    " WHERE point.status IN ('failed', 'part') OR (point.status = 'not_converged' AND excluded.status <> "
    "'failed')";

/// The file, and its folder, where the log goes.
bool writable(const std::string& path) {
  const auto folder = std::filesystem::absolute(end_of_links(path)).parent_path();
  return access(path.c_str(), W_OK) == 0 && access(folder.c_str(), W_OK) == 0;
}

/// The URI of a file that nobody changes, unless its log is there to be read.
std::string unchanging(const std::string& path) {
  std::string uri = "file:";
  const std::string file = std::filesystem::absolute(end_of_links(path));
  for (const char c : file) uri += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
  return std::filesystem::exists(file + "-wal") ? uri : uri + "?immutable=1";
}

/// What SQLite throws, as one line that names the file.
template <class Work>
auto named(const std::string& path, const Work& work) {
  try {
    return work();
  } catch (const SQLite::Exception& e) {
    throw std::runtime_error(fmt::format("{}: {}", path, e.what()));
  }
}

/// Brings the store to the newest schema, unless another process has.
void migrate(SQLite::Database& database) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  const auto schema = static_cast<std::size_t>(database.execAndGet("PRAGMA user_version").getInt());
  for (std::size_t i = schema; i < store_schema; ++i) database.exec(migrations[i - 1]);
  database.exec(fmt::format("PRAGMA user_version = {}", store_schema));
  transaction.commit();
}

/// A whole store or none: made beside its place, the end of links, and put there unless another process was
/// faster.
void make_store(const std::string& path) {
  struct Temporary {
    std::string name;
    ~Temporary() { unlink(name.c_str()); }
  } const temporary{temporary_name(path)};
  named(path, [&] {
    SQLite::Database database(temporary.name, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(
        fmt::format("BEGIN;"
                    "PRAGMA application_id = {};"
                    "PRAGMA user_version = 1;"
                    "CREATE TABLE point(key TEXT PRIMARY KEY, status TEXT NOT NULL,"
                    "  record TEXT NOT NULL, seconds REAL NOT NULL);"
                    "CREATE TABLE sweep(id INTEGER PRIMARY KEY, specification TEXT NOT NULL UNIQUE);"
                    "COMMIT;"
                    "PRAGMA journal_mode = WAL",
                    store_application));
    migrate(database);
  });
  if (link(temporary.name.c_str(), end_of_links(path).c_str()) != 0 && errno != EEXIST)
    throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
}

/// The path of a file that may be opened; makes it for Use::create.
const std::string& checked_store(const std::string& key, const std::string& path, Store::Use use) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    if (use != Store::Use::create) throw InvalidInput(key, path, "needs a store that `quenched sweep` wrote");
    check_writable(key, path);
    make_store(path);
  }
  if (!is_store(path))
    throw InvalidInput(key, path,
                       "is no store of quenched: needs another name, or one that `quenched sweep` wrote");
  const auto schema = SQLite::Database::getHeaderInfo(path).userVersion;
  if (schema == 0) throw InvalidInput(key, path, "is damaged (of no schema): needs a whole store");
  if (schema > store_schema)
    throw InvalidInput(key, path,
                       fmt::format("is of schema {}, from a newer quenched: needs schema {} or older", schema,
                                   store_schema));
  if (use == Store::Use::create) check_writable(key, path);
  return path;
}

/// Throws InvalidInput unless SQLite finds the whole of the file in order.
SQLite::Database opened(const std::string& key, const std::string& path) {
  const auto damaged = [&](const std::string& how) {
    return InvalidInput(key, path, fmt::format("is damaged ({}): needs a whole store", how));
  };
  try {
    // To read only would leave the files of the log behind; where they cannot be made nobody writes.
    const bool writes = writable(path);
    SQLite::Database database =
        writes ? SQLite::Database(path, SQLite::OPEN_READWRITE, patience)
               : SQLite::Database(unchanging(path), SQLite::OPEN_READONLY | SQLite::OPEN_URI, patience);
    const std::string state = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (state != "ok") throw damaged(state);
    if (writes && database.execAndGet("PRAGMA user_version").getUInt() < store_schema) migrate(database);
    database.exec("PRAGMA synchronous = NORMAL");  // a loss of power may lose the last points, not the store
    return database;
  } catch (const SQLite::Exception& e) {
    const int code = e.getErrorCode();
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR) throw damaged(e.what());
    throw std::runtime_error(fmt::format("{}: {}", path, e.what()));
  }
}

SQLite::Statement prepared(const std::string& path, const SQLite::Database& database,
                           const std::string& sql) {
  return named(path, [&] { return SQLite::Statement(database, sql); });
}

/// A byte that only this key's claim locks, clear of those that SQLite locks (below 2^31).
off_t place_of(const std::string& key) {
  return (off_t(1) << 60) + std::stoll(key.substr(0, 15), nullptr, 16);
}

struct flock byte_lock(const std::string& key, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = place_of(key);
  lock.l_len = 1;
  return lock;
}

}  // namespace

bool is_store(const std::string& path) {
  try {
    return SQLite::Database::getHeaderInfo(path).applicationId == store_application;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

Store::File::File(const std::string& path)
    : descriptor(open(path.c_str(), (writable(path) ? O_RDWR : O_RDONLY) | O_CLOEXEC)) {
  if (descriptor < 0) throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
}

Store::File::~File() { close(descriptor); }

Store::Store(const std::string& key, const std::string& path, Use use)
    : file_(checked_store(key, path, use)),
      path_(path),
      database_(opened(key, path)),
      find_(prepared(path, database_, "SELECT status, record, seconds FROM point WHERE key = ?")) {
  if (!writable(path)) return;  // it may be of an older schema, which find() can read
  keep_.emplace(prepared(path, database_,
                         std::string("INSERT INTO point(key, status, record, seconds, version)"
                                     " VALUES (?, ?, ?, ?, ?)") +
                             unless_better));
}

std::optional<Outcome> Store::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return named(path_, [&]() -> std::optional<Outcome> {
    find_.reset();
    find_.bind(1, key);
    if (!find_.executeStep()) return std::nullopt;
    Outcome outcome{find_.getColumn(0).getString(), parsed_json(find_.getColumn(1).getString()),
                    find_.getColumn(2).getDouble()};
    if (!outcome.record.is_object()) throw std::runtime_error(path_ + ": holds a record that cannot be read");
    find_.reset();  // ends the read, so that the log can be written back
    return outcome;
  });
}

void Store::keep(const std::string& key, const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  named(path_, [&] {
    keep_->reset();
    SQLite::bind(*keep_, key, outcome.status, outcome.record.dump(), outcome.seconds, QUENCHED_VERSION);
    keep_->exec();
    keep_->reset();
  });
}

void Store::keep_specification(const std::string& text) {
  const std::lock_guard lock(mutex_);
  named(path_, [&] {
    SQLite::Statement insert(database_, "INSERT OR REPLACE INTO sweep(specification) VALUES (?)");
    insert.bind(1, text);
    insert.exec();
  });
}

std::string Store::last_specification() {
  const std::lock_guard lock(mutex_);
  return named(path_, [&] {
    SQLite::Statement last(database_, "SELECT specification FROM sweep ORDER BY id DESC LIMIT 1");
    return last.executeStep() ? last.getColumn(0).getString() : std::string();
  });
}

long Store::points_of_other_versions() {
  const std::lock_guard lock(mutex_);
  return named(path_, [&]() -> long {
    if (database_.execAndGet("PRAGMA user_version").getUInt() < 2)
      return database_.execAndGet("SELECT count(*) FROM point").getInt64();
    SQLite::Statement count(database_, "SELECT count(*) FROM point WHERE version <> ? AND status <> 'part'");
    count.bind(1, QUENCHED_VERSION);
    return count.executeStep() ? count.getColumn(0).getInt64() : 0;
  });
}

void Store::merge(const std::string& path) {
  const std::lock_guard lock(mutex_);
  named(path, [&] {
    SQLite::Statement attach(database_, "ATTACH ? AS part");
    attach.bind(1, path);
    attach.exec();
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    const bool has_version = database_.execAndGet("PRAGMA part.user_version").getUInt() >= 2;
    database_.exec(
        fmt::format("INSERT INTO point(key, status, record, seconds, version)"
                    " SELECT key, status, record, seconds, {} FROM part.point WHERE true{}",
                    has_version ? "version" : "''", unless_better));
    database_.exec(
        "INSERT OR IGNORE INTO sweep(specification) SELECT specification FROM part.sweep ORDER BY id");
    transaction.commit();
    database_.exec("DETACH part");
  });
}

bool Store::claim(const std::string& key, bool wait) {
  auto lock = byte_lock(key, F_WRLCK);
  while (fcntl(file_.descriptor, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) != 0) {
    if (errno == EAGAIN || errno == EACCES) return false;
    if (errno != EINTR) throw std::runtime_error(fmt::format("{}: {}", path_, std::strerror(errno)));
  }
  return true;
}

void Store::release(const std::string& key) {
  auto lock = byte_lock(key, F_UNLCK);
  fcntl(file_.descriptor, F_OFD_SETLK, &lock);
}

}  // namespace quenched::apps
