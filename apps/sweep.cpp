#include "sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <chrono>
#include <mutex>
#include <new>
#include <optional>
#include <quenched/invalid_input.hpp>
#include <quenched/parallel.hpp>

#include "run.hpp"
#include "wrong_file.hpp"

namespace quenched::apps {
namespace {

std::string hash_of(const Json& json) {
  const auto hash = boost::uuids::name_generator_sha1(boost::uuids::ns::oid())(json.dump());
  return fmt::format("{:02x}", fmt::join(hash, ""));
}

/// A hash of all that a record depends on; `neighbour` is the key of the point that it continues, or empty.
/// So a curve that goes on from other points is another one.
std::string key_of(const Sweep& sweep, const Point& point, const std::string& neighbour) {
  return hash_of({{"program", QUENCHED_VERSION},
                  {"command", sweep.command->name},
                  {"settings", sweep.setting_texts},
                  {"point", point},
                  {"neighbour", neighbour}});
}

/// A place on a curve: what the next point continues.
struct Neighbour {
  std::string key;
  Record record;

  void pass(const std::string& passed, const Outcome& outcome) {
    if (leads_on(outcome.record)) *this = {passed, outcome.record};
  }
};

bool has_converged(const Record& record) {
  if (record.contains("certificate") && record["certificate"]["converged"] != true) return false;
  return !record.contains("seeds_converged") || record["seeds_converged"] == record["seeds"];
}

Outcome outcome_of(const Sweep& sweep, const Point& point, const Settings& settings,
                   const Record& neighbour) {
  const auto began = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  const auto failed = [&](const std::string& reason) {
    Record record = point;
    record["command"] = sweep.command->name;
    record["failed"] = reason;
    return Outcome{"failed", record, seconds()};
  };
  try {
    Record record = computed(*sweep.command, point, settings, neighbour.is_null() ? nullptr : &neighbour);
    return {has_converged(record) ? "converged" : "not_converged", record, seconds()};
  } catch (const std::bad_alloc&) {
    return failed("not enough memory");
  } catch (const std::exception& e) {
    return failed(e.what());
  }
}

/// Runs one sweep: the threads share the tally and the progress.
class Sweeper {
 public:
  Sweeper(const Sweep& sweep, Outcomes& store, const SweepOptions& options, Progress& progress)
      : sweep_(sweep), store_(store), options_(options), progress_(progress), settings_(sweep.settings) {
    const auto key = [](const Json& part) {
      return hash_of({{"program", QUENCHED_VERSION}, {"part", part}});
    };
    settings_.keep_part = [this, key](const Json& part, const Json& answer) {
      store_.keep(key(part), {"part", answer, 0});
    };
    if (options_.retry) return;
    settings_.kept_part = [this, key](const Json& part) {
      const auto kept = store_.find(key(part));
      return kept ? kept->record : Json();
    };
  }

  Tally run() {
    const auto mine = of_shard(sweep_, options_);
    for (const auto& curve : mine) tally_.points += long(curve.size());
    progress_.leave_out(sweep_.points.size() - std::size_t(tally_.points));
    const int threads = thread_count(options_.threads);
    settings_.threads =
        std::max(1, threads / std::max(1, int(mine.size())));  // few curves: threads within points
    std::atomic<std::size_t> begun = 0;
    const auto next = [&]() -> std::optional<std::size_t> {
      if (options_.next) return options_.next();
      const std::size_t i = begun++;
      return i < mine.size() ? std::optional(i) : std::nullopt;
    };
    parallel_for(threads, threads, [&](int) {
      while (const auto i = next())
        if (!walk(mine[*i], false)) set_aside(mine[*i]);
    });
    // What other processes were computing; should they die, it is done here.
    const auto others = std::move(set_aside_);
    parallel_for(int(others.size()), threads, [&](int i) { walk(others[std::size_t(i)], true); });
    return tally_;
  }

 private:
  void set_aside(const std::vector<std::size_t>& curve) {
    const std::lock_guard lock(mutex_);
    set_aside_.push_back(curve);
  }

  /// False when another process has claimed the curve.
  bool walk(const std::vector<std::size_t>& curve, bool wait) {
    const std::string claimed = key_of(sweep_, sweep_.points[curve.front()], "");
    if (!store_.claim(claimed, wait)) return false;
    Neighbour neighbour;
    for (const std::size_t i : curve) {
      const std::string key = key_of(sweep_, sweep_.points[i], neighbour.key);
      auto outcome = store_.find(key);
      const bool compute = !outcome || (options_.retry && !wait && outcome->status != "converged");
      if (compute) {
        outcome = outcome_of(sweep_, sweep_.points[i], settings_, neighbour.record);
        store_.keep(key, *outcome);
      }
      neighbour.pass(key, *outcome);
      count(*outcome, compute);
    }
    store_.release(claimed);
    return true;
  }

  void count(const Outcome& outcome, bool was_computed) {
    const std::lock_guard lock(mutex_);
    tally_.add(outcome);
    tally_.computed += was_computed;
    was_computed ? progress_.point_done() : progress_.leave_out(1);
  }

  const Sweep& sweep_;
  Outcomes& store_;
  const SweepOptions options_;
  Progress& progress_;
  Settings settings_;
  std::mutex mutex_;
  Tally tally_;
  std::vector<std::vector<std::size_t>> set_aside_;
};

}  // namespace

std::vector<std::vector<std::size_t>> of_shard(const Sweep& sweep, const SweepOptions& options) {
  std::vector<std::vector<std::size_t>> mine;
  const auto all = curves(*sweep.command, sweep.points);
  for (std::size_t i = std::size_t(options.shard - 1); i < all.size(); i += std::size_t(options.shards))
    mine.push_back(all[i]);
  return mine;
}

void Tally::add(const Outcome& outcome) {
  (outcome.status == "converged" ? converged : outcome.status == "failed" ? failed : not_converged) += 1;
  if (outcome.status == "failed") ++reasons[outcome.record.at("failed").get<std::string>()];
}

std::string Tally::text() const {
  std::string lines = fmt::format("{} points: {} converged, {} not converged, {} failed, {} missing\n",
                                  points, converged, not_converged, failed, missing());
  for (const auto& [reason, count] : reasons) lines += fmt::format("{} failed: {}\n", count, reason);
  return lines;
}

Tally run(const Sweep& sweep, Outcomes& store, const SweepOptions& options, Progress& progress) {
  return Sweeper(sweep, store, options, progress).run();
}

Stored stored_records(const std::string& path, const std::string& specification, bool timing) {
  Store store("STORE", path, Store::Use::existing);
  const bool last = specification.empty();
  const std::string text = last ? store.last_specification() : toml_text(specification);
  if (last && text.empty()) throw InvalidInput("STORE", path, "holds no sweep: needs one that began");
  const Sweep sweep = sweep_of(text, last ? path : specification);
  Stored stored{sweep.command, sweep.setting_texts.get<Texts>(), {}, {}};
  stored.tally.points = long(sweep.points.size());
  std::vector<std::optional<Record>> records(sweep.points.size());
  for (const auto& curve : curves(*sweep.command, sweep.points)) {
    Neighbour neighbour;
    for (const std::size_t i : curve) {
      const std::string key = key_of(sweep, sweep.points[i], neighbour.key);
      const auto outcome = store.find(key);
      if (!outcome) continue;
      stored.tally.add(*outcome);
      neighbour.pass(key, *outcome);
      if (outcome->status == "failed") continue;
      records[i] = outcome->record;
      if (timing) (*records[i])["seconds"] = outcome->seconds;
    }
  }
  for (auto& record : records)
    if (record) stored.records.push_back(std::move(*record));
  if (stored.tally.missing() > 0) stored.of_other_versions = store.points_of_other_versions();
  if (sweep.command->finish) sweep.command->finish(stored.records, sweep.settings);
  return stored;
}

}  // namespace quenched::apps
