#include "output_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <quenched/invalid_input.hpp>

namespace quenched::apps {
namespace {

namespace fs = std::filesystem;

/// /dev/stdout and pipes are written in place: a rename would replace them.
bool replaceable(const std::string& path) {
  std::error_code ignored;
  return !fs::exists(path, ignored) || fs::is_regular_file(path, ignored);
}

[[noreturn]] void fail(const std::string& path) {
  throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

std::string temporary_name(const std::string& path) { return fmt::format("{}.{}.part", path, getpid()); }

void check_writable(const std::string& key, const std::string& path) {
  std::error_code ignored;
  const auto refuse = [&] {
    throw InvalidInput(key, path,
                       fmt::format("cannot be written ({}): needs a file that can", std::strerror(errno)));
  };
  errno = ENOENT;
  if (path.empty()) refuse();
  errno = EISDIR;
  if (fs::is_directory(path, ignored)) refuse();
  if (fs::exists(path, ignored) && access(path.c_str(), W_OK) != 0) refuse();
  if (!replaceable(path)) return;
  const std::string temporary = temporary_name(path);
  errno = 0;
  if (!std::ofstream(temporary)) refuse();
  fs::remove(temporary, ignored);
}

void write_whole(const std::string& path, const std::string& text) {
  const bool rename = replaceable(path);
  const std::string target = rename ? temporary_name(path) : path;
  errno = 0;
  std::ofstream file(target, std::ios::binary);
  file << text;
  file.close();
  if (!file) {
    const int reason = errno;
    if (rename) unlink(target.c_str());
    errno = reason;
    fail(path);
  }
  if (rename) move_into_place(target, path);
}

void move_into_place(const std::string& temporary, const std::string& path) {
  if (std::rename(temporary.c_str(), path.c_str()) == 0) return;
  const int reason = errno;
  unlink(temporary.c_str());
  errno = reason;
  fail(path);
}

}  // namespace quenched::apps
