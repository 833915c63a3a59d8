#pragma once
#include <mutex>
#include <optional>

#include "command.hpp"
#include "progress.hpp"

namespace quenched::apps {

/// The records finished so far, in the order of the points; shared with the thread that handles interrupts.
class Finished {
 public:
  explicit Finished(std::size_t points) : records_(points) {}
  void set(std::size_t point, Record record);
  [[nodiscard]] std::vector<Record> records() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::optional<Record>> records_;
};

/// A record for every point. Along alpha a curve is walked from the side where its branch is surely found,
/// each point from its neighbour; one point after the other, so that the same bytes come at any thread count.
void run(const Command& command, const std::vector<Point>& points, Settings settings, bool timing,
         Progress& progress, Finished& finished);

}  // namespace quenched::apps
