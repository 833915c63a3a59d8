#pragma once
#include <string>

namespace quenched::apps {

/// Throws InvalidInput (key, path, reason) when `path` could not be written; leaves nothing behind. For use
/// before a long computation.
void check_writable(const std::string& key, const std::string& path);

/// Writes beside `path` and renames: the file is whole or absent. A symbolic link stays one, a file keeps its
/// mode. Throws std::runtime_error.
void write_whole(const std::string& path, const std::string& text);

/// What the symbolic links of `path` lead to, there or not.
[[nodiscard]] std::string end_of_links(const std::string& path);

/// The name beside the file that `path` names, or links to, under which it grows before it is renamed.
[[nodiscard]] std::string temporary_name(const std::string& path);
/// Renames; throws std::runtime_error and removes `temporary` when that fails.
void move_into_place(const std::string& temporary, const std::string& path);

/// Whether both name one file, there or not, by whatever way and links.
[[nodiscard]] bool same_file(const std::string& a, const std::string& b);

}  // namespace quenched::apps
