#pragma once
#include <atomic>
#include <stdexcept>

namespace quenched {

/// Thrown where a WorkLimit is passed.
struct OutOfWork : std::runtime_error {
  OutOfWork() : std::runtime_error("the work limit was reached") {}
};

/// Ends a computation after an amount of work that is counted, not timed: at the same place on every machine
/// and, since it is passed or not whatever the order, at any number of threads.
class WorkLimit {
 public:
  explicit WorkLimit(double most) : most_(most) {}
  /// Anew, with nothing spent.
  void begin(double most) { most_ = most, spent_ = 0; }
  /// Throws OutOfWork once more has been spent in all than the limit.
  void spend(double steps) {
    if (static_cast<double>(spent_ += static_cast<long>(steps)) > most_) throw OutOfWork();
  }
  [[nodiscard]] bool passed() const { return static_cast<double>(spent_) > most_; }

 private:
  double most_;
  std::atomic<long> spent_ = 0;
};

}  // namespace quenched
