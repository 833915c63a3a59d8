#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace quenched::apps {

/// One line on standard error with the time left; silent when told so or when standard error is no terminal.
class Progress {
 public:
  Progress(std::string title, std::size_t points, bool quiet);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  void part(double share);  // of the present point
  void point_done();
  void note(const std::string& text);  // shown at the end of the line

 private:
  void show(double done);

  std::string title_, note_;
  std::size_t points_, done_ = 0;
  bool shown_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), drawn_{};
};

}  // namespace quenched::apps
