#include "sweep_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <quenched/invalid_input.hpp>

#include "interruption.hpp"
#include "lists.hpp"
#include "needs_text.hpp"
#include "output_file.hpp"
#include "picture.hpp"
#include "ranked_sweep.hpp"
#include "sweep.hpp"
#include "typed.hpp"
#include "wrong_file.hpp"

namespace quenched::apps {
namespace {

constexpr std::chrono::seconds log_interval{60};

/// One of several ranks has one thread unless told otherwise.
SweepOptions options_of(const SweepInvocation& invocation, bool alone) {
  SweepOptions options{.threads = alone ? 0 : 1, .retry = invocation.retry};
  if (!invocation.threads.empty()) {
    Settings settings;
    std::ranges::find(setting_table(), "threads", &Setting::name)->set(settings, invocation.threads);
    options.threads = settings.threads;
  }
  const auto refuse = [&] {
    return InvalidInput("shard", invocation.shard, "needs I/N with 1 <= I <= N, as 3/8");
  };
  const auto parts = words(invocation.shard, '/');
  if (parts.size() != 2) throw refuse();
  const auto shard = whole_numbers("shard", parts[0], 1), shards = whole_numbers("shard", parts[1], 1);
  if (shard.size() != 1 || shards.size() != 1 || shard[0] > shards[0]) throw refuse();
  options.shard = shard[0], options.shards = shards[0];
  return options;
}

}  // namespace

CLI::App* add_sweep(CLI::App& app, SweepInvocation& invocation) {
  CLI::App* sub =
      app.add_subcommand("sweep", "any computing command over a grid of points, stored and resumable");
  sub->add_option("specification", invocation.specification, "the command and its points (docs/sweeps.md)")
      ->required()
      ->type_name("SPEC.toml");
  needs_text(sub->add_option("--store", invocation.store, "where results are kept, and found [SPEC.db]"))
      ->type_name("FILE");
  sub->add_flag("--retry", invocation.retry, "compute again what failed or did not converge");
  sub->add_option("--shard", invocation.shard, "only the I-th of N parts, as 3/8")->type_name("I/N");
  needs_text(sub->add_option("--threads", invocation.threads,
                             "points at once (all cores); the results do not depend on it"),
             "needs a whole number >= 1")
      ->type_name("");
  sub->add_flag("--quiet", invocation.quiet, "no progress on standard error");
  return sub;
}

int execute(const SweepInvocation& invocation) {
  Ranks ranks;
  const bool alone = ranks.size() == 1;
  const auto begin = [&](std::string& text) {
    text = toml_text(invocation.specification);
    return sweep_of(text, invocation.specification);
  };
  std::string text;
  if (ranks.rank() > 0) {
    try {
      const Sweep sweep = begin(text);
      work(ranks, sweep, options_of(invocation, alone));
    } catch (const std::exception&) {  // rank 0 meets the same and says it
    }
    leave(ranks);
    return 0;
  }
  const std::string path =
      invocation.store.empty()
          ? std::filesystem::path(invocation.specification).replace_extension(".db").string()
          : invocation.store;
  bool others_work = !alone;
  const Tally tally = [&] {
    try {
      SweepOptions options = options_of(invocation, alone);
      const Sweep sweep = begin(text);
      Store store("store", path, Store::Use::create);
      store.keep_specification(text);
      const Interruption interruption([&] {
        std::cerr << "\nquenched sweep: interrupted; the same command goes on from what " << path
                  << " holds\n";
      });
      Progress progress("sweep", sweep.points.size(), invocation.quiet, log_interval);
      if (alone) return run(sweep, store, options, progress);
      const long computed = serve(ranks, store, of_shard(sweep, options).size(), progress);
      others_work = options.retry = false;
      Tally all = run(sweep, store, options, progress);  // what other processes had claimed, and the tally
      all.computed += computed;
      return all;
    } catch (...) {
      if (others_work) dismiss(ranks);
      throw;
    }
  }();
  std::cout << fmt::format("{}: {} computed now, of {}", path, tally.computed, tally.text());
  if (tally.failed + tally.not_converged > 0)
    std::cout << "`--retry` computes again what failed or did not converge\n";
  return tally.failed > 0 ? 1 : 0;
}

CLI::App* add_export(CLI::App& app, ExportInvocation& invocation) {
  CLI::App* sub = app.add_subcommand("export", "the records of a sweep, as its command would print them");
  sub->add_option("store", invocation.store, "what `quenched sweep` wrote")->required()->type_name("STORE");
  sub->add_option("specification", invocation.specification, "whose points [those of the last sweep]")
      ->type_name("SPEC.toml");
  add_destination(*sub, invocation.destination);
  sub->add_flag("--timing", invocation.timing, "add `seconds` to each record");
  sub->add_flag("--strict", invocation.strict, "exit 1 when a result is not trusted, failed or missing");
  return sub;
}

int execute(const ExportInvocation& invocation) {
  const Destination& destination = invocation.destination;
  check(destination);
  for (const std::string& read : {invocation.store, invocation.specification})
    if (!read.empty() && !destination.output.empty() && same_file(destination.output, read))
      throw InvalidInput("output", destination.output, "needs another name: it would overwrite " + read);
  const Stored stored = stored_records(invocation.store, invocation.specification, invocation.timing);
  write(stored.records, *stored.command, destination, typed(*stored.command, {}, stored.settings));
  if (!destination.plot.empty()) draw(stored.records, {}, destination.plot);
  const bool incomplete = stored.tally.failed + stored.tally.missing() > 0;
  if (incomplete) std::cerr << "quenched export: " << stored.tally.text();
  if (stored.of_other_versions > 0)
    std::cerr << fmt::format("{} results there are of another version than {}, and not used\n",
                             stored.of_other_versions, QUENCHED_VERSION);
  return invocation.strict && (incomplete || !std::ranges::all_of(stored.records, trusted)) ? 1 : 0;
}

CLI::App* add_merge(CLI::App& app, MergeInvocation& invocation) {
  CLI::App* sub = app.add_subcommand("merge", "one store of several, as the shards of a sweep leave them");
  sub->add_option("parts", invocation.parts, "stores that `quenched sweep` wrote")
      ->required()
      ->type_name("PARTS");
  sub->add_option("--store", invocation.store, "takes over what they hold; made if absent")
      ->required()
      ->type_name("FILE");
  return sub;
}

void execute(const MergeInvocation& invocation) {
  std::error_code ignored;
  for (const std::string& part : invocation.parts) {
    if (std::filesystem::equivalent(part, invocation.store, ignored))
      throw InvalidInput("store", invocation.store, "needs another file than the parts");
    const Store checked("PARTS", part, Store::Use::existing);
  }
  Store store("store", invocation.store, Store::Use::create);
  for (const std::string& part : invocation.parts) store.merge(part);
}

}  // namespace quenched::apps
