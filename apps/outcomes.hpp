#pragma once
#include <optional>
#include <string>

#include "json.hpp"

namespace quenched::apps {

/// What became of a point.
struct Outcome {
  std::string status;  // converged, not_converged or failed; part: of a point, as a seed of a simulation
  Record record;       // of a failed point: the point, the command and, as `failed`, the reason
  double seconds;      // that it took
};

/// Where a sweep finds and keeps outcomes, by key: a store, or one that another process holds.
class Outcomes {
 public:
  virtual ~Outcomes() = default;
  [[nodiscard]] virtual std::optional<Outcome> find(const std::string& key) = 0;
  /// Unless a better one is there already: converged, not converged, failed.
  virtual void keep(const std::string& key, const Outcome& outcome) = 0;
  /// One holder at a time. Another's is waited for or, without `wait`, not got.
  [[nodiscard]] virtual bool claim(const std::string& key, bool wait) = 0;
  virtual void release(const std::string& key) = 0;
};

}  // namespace quenched::apps
