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

/// The points that are computed one after the other: those of a curve along alpha, walked from the side where
/// its branch is surely found, where the command continues from point to point; else each by itself.
[[nodiscard]] std::vector<std::vector<std::size_t>> curves(const Command& command,
                                                           const std::vector<Point>& points);

[[nodiscard]] Record computed(const Command& command, const Point& point, const Settings& settings,
                              const Record* neighbour);

/// Whether the next point of the curve may start from here.
[[nodiscard]] bool leads_on(const Record& record);

/// A record for every point, one after the other, so that the same bytes come at any thread count.
void run(const Command& command, const std::vector<Point>& points, Settings settings, bool timing,
         Progress& progress, Finished& finished);

}  // namespace quenched::apps
