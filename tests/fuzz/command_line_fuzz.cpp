// A command line, one word a line, down to the points of its specification: nothing is computed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <quenched/invalid_input.hpp>

#include "invocation.hpp"
#include "plot_command.hpp"
#include "print.hpp"
#include "reproduce_command.hpp"
#include "sweep_command.hpp"

namespace {

using namespace quenched::apps;

/// The program's flags and where their values go, made once: that takes longer than to read a line.
struct Program {
  CLI::App app;
  std::list<Invocation> invocations;
  PlotInvocation plot;
  SweepInvocation sweep;
  MergeInvocation merge;
  ReproduceInvocation reproduction;

  Program() {
    app.require_subcommand(0, 1);
    for (const Command* command : commands()) add_command(app, *command, invocations.emplace_back());
    add_plot(app, plot);
    add_sweep(app, sweep);
    add_merge(app, merge);
    add_reproduce(app, reproduction);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Program program;
  for (Invocation& invocation : program.invocations) invocation = {};
  std::vector<std::string> reversed(1);
  for (std::size_t i = 0; i < size; ++i)
    data[i] == '\n' ? static_cast<void>(reversed.emplace_back()) : reversed.back().push_back(char(data[i]));
  std::reverse(reversed.begin(), reversed.end());
  try {
    program.app.parse(reversed);
    for (const Invocation& invocation : program.invocations) {
      if (!invocation.command) continue;
      const Command& command = *invocation.command;
      if (points(specification(command.parameters, invocation.parameters), command.check).empty())
        std::abort();
      static_cast<void>(settings_of(command, invocation.settings));
      static_cast<void>(format_of(invocation.destination.format));
    }
  } catch (const CLI::CallForHelp&) {
    if (program.app.help().empty()) std::abort();
  } catch (const CLI::ParseError&) {
  } catch (const quenched::InvalidInput&) {
  }
  return 0;
}
