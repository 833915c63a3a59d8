#include "output_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
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
  return !fs::exists(path, ignored) ||
         (fs::is_regular_file(path, ignored) && fs::equivalent(path, end_of_links(path), ignored));
}

void take_mode(const std::string& temporary, const std::string& path) {
  struct stat now {};
  if (stat(path.c_str(), &now) == 0) static_cast<void>(chmod(temporary.c_str(), now.st_mode & 07777));
}

[[noreturn]] void fail(const std::string& path) {
  throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(errno)));
}

}  // namespace

std::string end_of_links(const std::string& path) {
  std::error_code ignored;
  fs::path end = path;
  for (int i = 0; i < 40 && fs::is_symlink(end, ignored); ++i)
    end = end.parent_path() / fs::read_symlink(end, ignored);
  return end;
}

std::string temporary_name(const std::string& path) {
  return fmt::format("{}.{}.part", end_of_links(path), getpid());
}

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
  errno = ELOOP;
  if (fs::is_symlink(end_of_links(path), ignored)) refuse();
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
  if (file && rename) {  // before there is anything to be read
    take_mode(target, path);
    errno = 0;
  }
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
  take_mode(temporary, path);
  if (std::rename(temporary.c_str(), end_of_links(path).c_str()) == 0) return;
  const int reason = errno;
  unlink(temporary.c_str());
  errno = reason;
  fail(path);
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code ignored;
  const auto place = [&](const std::string& path) {
    return fs::weakly_canonical(fs::absolute(end_of_links(path), ignored), ignored);
  };
  return fs::equivalent(a, b, ignored) || place(a) == place(b);
}

}  // namespace quenched::apps
