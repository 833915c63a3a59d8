#pragma once
#include <chrono>
#include <cstddef>
#include <string>

namespace quenched::apps {

/// One line on standard error with the time left; silent when told so. When standard error is no terminal, a
/// line a minute. One that overrides what it is told of may throw, to end the computation
/// there.
class Progress {
 public:
  Progress(std::string title, std::size_t points, bool quiet);
  virtual ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  virtual void part(double share);  // of the present point
  virtual void point_done();
  void leave_out(std::size_t points);  // which need not be computed
  [[nodiscard]] bool shown() const { return shown_; }
  /// A line of its own, on a terminal or before what takes a minute.
  void note(const std::string& text, double seconds);

 private:
  void show(double done);

  std::string title_;
  std::size_t points_, done_ = 0;
  bool terminal_, shown_;
  std::chrono::milliseconds every_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), drawn_;
};

}  // namespace quenched::apps
