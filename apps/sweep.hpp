#pragma once
#include <functional>
#include <map>

#include "progress.hpp"
#include "specification.hpp"
#include "store.hpp"
#include "sweep_file.hpp"

namespace quenched::apps {

struct SweepOptions {
  int threads = 0;             // 0: all cores
  bool retry = false;          // compute again what failed or did not converge
  long shard = 1, shards = 1;  // this one of so many parts
  /// The place of the next curve among `of_shard`, none when there is no more; in order where this is empty.
  /// Called from several threads.
  std::function<std::optional<std::size_t>()> next;
};

/// The curves (single points where a command goes along none) of this sweep's shard, as numbers of points.
[[nodiscard]] std::vector<std::vector<std::size_t>> of_shard(const Sweep& sweep, const SweepOptions& options);

/// How the points of a sweep, or of a shard, stand.
struct Tally {
  long points = 0, computed = 0, converged = 0, not_converged = 0, failed = 0;
  std::map<std::string, long> reasons;  // why points failed, and how many

  void add(const Outcome& outcome);
  /// "40 points: 38 converged, 1 not converged, 1 failed, 0 missing", then a line for each reason.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] long missing() const { return points - converged - not_converged - failed; }
};

/// Computes what `store` has not, on several threads, beside other processes on the same store. A point that
/// cannot be computed is stored with its reason and stops nothing.
Tally run(const Sweep& sweep, Outcomes& store, const SweepOptions& options, Progress& progress);

/// The records that are there, as the command itself would give them, and how the points stand.
struct Stored {
  const Command* command;
  Texts settings;  // that the sweep's file sets
  std::vector<Record> records;
  Tally tally;
  long of_other_versions =
      0;  // results in the store that this program does not use; counted when some are missing
};
/// Of the sweep at `specification` (a SPEC.toml), or of the one that was last swept when that is empty.
[[nodiscard]] Stored stored_records(const std::string& store, const std::string& specification, bool timing);

}  // namespace quenched::apps
