#pragma once
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

/// A file of this process with these bytes, in memory where there is such a file system.
class InputFile {
 public:
  InputFile(const std::string& suffix, const std::uint8_t* data, std::size_t size)
      : path_((std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") +
              ("/quenched_fuzz_" + std::to_string(getpid())) + suffix) {
    std::ofstream(path_, std::ios::binary).write(reinterpret_cast<const char*>(data), std::streamsize(size));
  }
  ~InputFile() {
    for (const char* more : {"", "-wal", "-shm", "-journal"}) unlink((path_ + more).c_str());
  }
  InputFile(const InputFile&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};
