#pragma once
#include <functional>
#include <thread>

namespace quenched::apps {

/// On SIGINT or SIGTERM says `last_words` and ends the process with status 130 or 143, whatever is being
/// computed. Construct it before other threads: they inherit the mask that leaves the signals to this one.
class Interruption {
 public:
  explicit Interruption(std::function<void()> last_words);
  ~Interruption();
  Interruption(const Interruption&) = delete;

 private:
  std::thread watcher_;
};

}  // namespace quenched::apps
