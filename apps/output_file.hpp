#pragma once
#include <string>

namespace quenched::apps {

/// Throws InvalidInput (key, path, reason) when `path` could not be written; leaves nothing behind. For use
/// before a long computation.
void check_writable(const std::string& key, const std::string& path);

/// Writes beside `path` and renames: the file is whole or absent. Throws std::runtime_error.
void write_whole(const std::string& path, const std::string& text);

/// The name beside `path` under which a file grows before it is renamed.
[[nodiscard]] std::string temporary_name(const std::string& path);
/// Renames; throws std::runtime_error and removes `temporary` when that fails.
void move_into_place(const std::string& temporary, const std::string& path);

}  // namespace quenched::apps
