#pragma once
#include "destination.hpp"

namespace quenched::apps {

/// `quenched sweep SPEC.toml`.
struct SweepInvocation {
  std::string specification, store, shard = "1/1", threads;
  bool retry = false, quiet = false;
};
CLI::App* add_sweep(CLI::App& app, SweepInvocation& invocation);
/// The exit status.
[[nodiscard]] int execute(const SweepInvocation& invocation);

/// `quenched export STORE [SPEC.toml]`.
struct ExportInvocation {
  std::string store, specification;
  Destination destination;
  bool timing = false, strict = false;
};
CLI::App* add_export(CLI::App& app, ExportInvocation& invocation);
[[nodiscard]] int execute(const ExportInvocation& invocation);

/// `quenched merge PARTS --store STORE`.
struct MergeInvocation {
  std::vector<std::string> parts;
  std::string store;
};
CLI::App* add_merge(CLI::App& app, MergeInvocation& invocation);
void execute(const MergeInvocation& invocation);

}  // namespace quenched::apps
