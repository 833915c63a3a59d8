#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <mutex>
#include <optional>
#include <string>

#include "outcomes.hpp"

namespace quenched::apps {

/// The SQLite database of sweeps: outcomes by key. Each is stored in one transaction, so that a killed
/// process loses only what it was computing; several processes and threads may use one store at once.
/// Everything throws std::runtime_error when the file cannot be read or written.
class Store final : public Outcomes {
 public:
  enum class Use { existing, create };
  /// `create` makes the store where there is none. Throws InvalidInput (`key`, `path`) for a file that is no
  /// store, is damaged or of a newer schema, and leaves it as it is. One of an older schema is brought to the
  /// newest, or read as it is where it may only be read.
  Store(const std::string& key, const std::string& path, Use use);

  [[nodiscard]] std::optional<Outcome> find(const std::string& key) override;
  void keep(const std::string& key, const Outcome& outcome) override;

  /// The text of a sweep's file becomes the last one.
  void keep_specification(const std::string& text);
  [[nodiscard]] std::string last_specification();

  /// Results by programs of another version, or of one not known: this one does not use them.
  [[nodiscard]] long points_of_other_versions();

  /// Takes over what another store holds, as keep() does.
  void merge(const std::string& path);

  /// Over all processes of this machine; a killed holder's claim is free.
  [[nodiscard]] bool claim(const std::string& key, bool wait) override;
  void release(const std::string& key) override;

 private:
  /// Claims are locks on bytes beyond the file's end. Closing a file drops SQLite's own locks on it, which is
  /// harmless only after the database is closed: so this one is declared, and opened, before it.
  struct File {
    explicit File(const std::string& path);
    ~File();
    File(const File&) = delete;
    int descriptor;
  } file_;
  std::string path_;
  std::mutex mutex_;
  SQLite::Database database_;
  SQLite::Statement find_;
  std::optional<SQLite::Statement> keep_;  // none where the file may only be read
};

/// Whether the file at `path` begins as a store does.
[[nodiscard]] bool is_store(const std::string& path);

}  // namespace quenched::apps
