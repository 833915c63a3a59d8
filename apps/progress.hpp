#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace quenched::apps {

/// One line on standard error with the time left; silent when told so. When standard error is no terminal, a
/// line every `log`, or none at all. One that overrides what it is told of may throw, to end the computation
/// there.
class Progress {
 public:
  Progress(std::string title, std::size_t points, bool quiet,
           std::chrono::seconds log = std::chrono::seconds(0));
  virtual ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  virtual void part(double share);  // of the present point
  virtual void point_done();
  void leave_out(std::size_t points);  // which need not be computed
  [[nodiscard]] bool on_terminal() const { return shown_ && terminal_; }
  void note(const std::string& text);  // a line of its own, on a terminal

 private:
  void show(double done);

  std::string title_;
  std::size_t points_, done_ = 0;
  bool terminal_, shown_;
  std::chrono::milliseconds every_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), drawn_{};
};

}  // namespace quenched::apps
