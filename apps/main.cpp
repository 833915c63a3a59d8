#include <fmt/format.h>
#include <gsl/gsl_errno.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <iostream>
#include <list>
#include <new>
#include <quenched/invalid_input.hpp>
#include <quenched/simulate.hpp>

#include "activations_command.hpp"
#include "invocation.hpp"
#include "needs_text.hpp"
#include "parameters.hpp"
#include "plot_command.hpp"
#include "report_command.hpp"
#include "reproduce_command.hpp"
#include "sweep_command.hpp"
#include "typed.hpp"
#include "wrong_file.hpp"

namespace {

using namespace quenched::apps;

constexpr int wrong_input = 2, failed = 3;

/// One line, whatever the message.
int complain(const std::string& who, std::string message, int status) {
  std::ranges::replace(message, '\n', ' ');
  std::cerr << who << ": " << message << '\n';
  return status;
}

/// The command line as it would be typed in a shell, without the flags that do not change a number.
std::string arguments(int argc, char** argv) {
  std::string text = "quenched";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string flag = word.substr(0, word.find('='));
    const bool silent = flag == "--threads" || flag == "--output" || flag == "--plot" || flag == "--format";
    if (silent && flag == word) ++i;
    if (!silent && word != "--quiet") text += ' ' + quoted(word);
  }
  return text;
}

int run(int argc, char** argv, std::string& who) {
  CLI::App app("Replica saddle-point equations of attention models, with certificates");
  app.require_subcommand(0, 1);  // `reproduce population` names a figure, no second command
  app.set_version_flag("--version", "quenched " QUENCHED_VERSION " (" + compiler() + ")");
  std::list<Invocation> invocations;
  for (const Command* command : commands()) add_command(app, *command, invocations.emplace_back());
  PlotInvocation plot;
  const CLI::App* plotting = add_plot(app, plot);
  ReportInvocation report;
  const CLI::App* reporting = add_report(app, report);
  SweepInvocation sweep;
  const CLI::App* sweeping = add_sweep(app, sweep);
  ExportInvocation exported;
  const CLI::App* exporting = add_export(app, exported);
  MergeInvocation merge;
  const CLI::App* merging = add_merge(app, merge);
  ReproduceInvocation reproduction;
  const CLI::App* reproducing = add_reproduce(app, reproduction);
  std::string format;
  CLI::App* list = app.add_subcommand("activations", "the activations with formula, properties, source");
  needs_text(list->add_option("--format", format, "table, csv or json [table]"),
             "needs one of table, csv, json");
  std::vector<std::string> chosen;
  list->add_option("names", chosen, "these alone; formulas as kernel:log(1+exp(x))")->type_name("NAMES");

  const std::string first = argc > 1 ? argv[1] : "";
  std::string known;
  for (const CLI::App* sub : app.get_subcommands({})) {
    known += (known.empty() ? "" : ", ") + sub->get_name();
    if (sub->get_name() == first) who += ' ' + first;
  }
  if (first.empty()) return complain(who, "needs a command: " + known, wrong_input);
  if (first[0] != '-' && who == "quenched")
    return complain(who, fmt::format("'{}' is no command: needs one of {}", first, known), wrong_input);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    return complain(
        who,
        fmt::format("{}: not expected here (`{} --help` lists what is)", app.remaining(true).front(), who),
        wrong_input);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    return complain(who, fmt::format("{} (`{} --help` lists what is allowed)", e.what(), who), wrong_input);
  }
  if (list->parsed()) {
    std::cout << activations_text(chosen, format);
    return 0;
  }
  if (plotting->parsed()) {
    execute(plot);
    return 0;
  }
  if (reporting->parsed()) {
    execute(report);
    return 0;
  }
  if (sweeping->parsed()) return execute(sweep);
  if (exporting->parsed()) return execute(exported);
  if (merging->parsed()) {
    execute(merge);
    return 0;
  }
  if (reproducing->parsed()) {
    execute(reproduction);
    return 0;
  }
  for (const Invocation& invocation : invocations)
    if (invocation.command) return execute(invocation, arguments(argc, argv));
  return complain(who, "needs a command: " + known, wrong_input);
}

}  // namespace

int main(int argc, char** argv) {
#ifdef __GLIBC__  // blocks that come and go else cost a page fault for every 4 kB
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_MAX, 0);
#endif
  gsl_set_error_handler_off();    // its failures are statuses, not the end of the program
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a failed write, which is said
  std::signal(SIGXFSZ, SIG_IGN);  // so is a file that grew to its limit
  std::string who = "quenched";
  try {
    const int status = run(argc, argv, who);
    if (!std::cout.flush()) return complain(who, "standard output: cannot be written", failed);
    return status;
  } catch (const quenched::InvalidInput& e) {
    const std::string value = e.value().empty() ? "''" : e.value();
    const bool positional = std::ranges::all_of(e.key(), [](unsigned char c) { return std::isupper(c); });
    const std::string flag = positional ? e.key() : flag_of(e.key());
    return complain(who, fmt::format("{} {}: {}", flag, value, e.rule()), wrong_input);
  } catch (const WrongFile& e) {
    return complain(who, e.what(), wrong_input);
  } catch (const std::bad_alloc&) {
    return complain(who, "not enough memory", failed);
  } catch (const std::length_error&) {
    return complain(who, "not enough memory", failed);
  } catch (const std::exception& e) {
    return complain(who, e.what(), failed);
  }
}
