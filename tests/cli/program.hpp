#pragma once
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

/// Seconds that a program at full speed would take: under a sanitizer the presets say how many times more.
inline double slowed(double seconds) {
  const char* times = std::getenv("QUENCHED_SLOWER");
  return times ? std::stod(times) * seconds : seconds;
}
inline void pause_for(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(slowed(seconds)));
}

/// A folder of this test's own, removed with it.
struct Folder {
  std::filesystem::path path = [] {
    std::string name = std::filesystem::temp_directory_path() / "quenched-test-XXXXXX";
    return std::filesystem::path(mkdtemp(name.data()));
  }();
  Folder() = default;
  Folder(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path / name).string(); }
};

inline std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Ran {
  int status;
  std::string out, err;
};

inline Ran run_program(const std::string& command) {
  const Folder folder;
  const std::string out = folder / "out", err = folder / "err";
  const int status = std::system((command + " >" + out + " 2>" + err).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out), contents(err)};
}

/// Runs the built program as a shell would.
inline Ran quenched_program(const std::string& arguments) {
  return run_program(QUENCHED_PROGRAM " " + arguments);
}
