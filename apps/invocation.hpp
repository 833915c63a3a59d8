#pragma once
#include "destination.hpp"
#include "specification.hpp"

namespace quenched::apps {

/// What was asked of a computing command: its flags as typed.
struct Invocation {
  const Command* command = nullptr;
  Texts parameters, settings;
  Destination destination;
  bool timing = false, strict = false, quiet = false;
};

/// Adds the subcommand with exactly the flags that it uses.
CLI::App* add_command(CLI::App& app, const Command& command, Invocation& invocation);

/// Computes and prints; the exit status. `arguments` are noted in a JSON file.
[[nodiscard]] int execute(const Invocation& invocation, const std::string& arguments);

}  // namespace quenched::apps
