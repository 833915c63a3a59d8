#include "invocation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "interruption.hpp"
#include "parameters.hpp"
#include "picture.hpp"
#include "run.hpp"

namespace quenched::apps {
namespace {

/// The flag given twice means the list of both.
void add_text(CLI::App& app, const std::string& name, const std::string& help, Texts& texts,
              const char* separator) {
  const auto join = [&texts, name, separator](const std::vector<std::string>& given) {
    texts[name] = fmt::format("{}", fmt::join(given, separator));
  };
  app.add_option_function<std::vector<std::string>>(flag_of(name), join, help)
      ->take_all()
      ->allow_extra_args(false)
      ->type_name("");
}

void add_switch(CLI::App& app, const std::string& name, const std::string& help, Texts& texts) {
  app.add_flag_callback(
      flag_of(name), [&texts, name] { texts[name]; }, help);
}

}  // namespace

CLI::App* add_command(CLI::App& app, const Command& command, Invocation& invocation) {
  CLI::App* sub = app.add_subcommand(command.name, command.help);
  for (const Parameter& p : parameters())
    if (std::ranges::find(command.parameters, p.name) != command.parameters.end())
      add_text(*sub, p.name, p.fallback.empty() ? p.help : fmt::format("{} [{}]", p.help, p.fallback),
               invocation.parameters, p.name == "length" ? ";" : ",");
  for (const Setting& setting : setting_table())
    if (std::ranges::find(command.settings, setting.name) != command.settings.end())
      setting.flag ? add_switch(*sub, setting.name, setting.help, invocation.settings)
                   : add_text(*sub, setting.name, setting.help, invocation.settings, ",");
  add_destination(*sub, invocation.destination);
  sub->add_flag("--timing", invocation.timing, "add `seconds` to each record");
  sub->add_flag("--strict", invocation.strict, "exit 1 when a printed result is not trusted");
  sub->add_flag("--quiet", invocation.quiet, "no progress on standard error");
  sub->parse_complete_callback([&] { invocation.command = &command; });
  return sub;
}

int execute(const Invocation& invocation, const std::string& arguments) {
  const Command& command = *invocation.command;
  const auto list = points(specification(command.parameters, invocation.parameters), command.check);
  const Settings settings = settings_of(command, invocation.settings);
  const Destination& destination = invocation.destination;
  check(destination);

  Finished finished(list.size());
  std::mutex writing;
  bool written = false;
  const auto write_out = [&](std::vector<Record> records) {
    if (command.finish) command.finish(records, settings);
    write(records, command, destination, arguments);
    return records;
  };
  std::vector<Record> records;
  {
    const Interruption interruption([&] {
      writing.lock();  // for good: the process ends here
      try {
        if (const auto so_far = finished.records(); !written && !so_far.empty()) {
          write_out(so_far);
          std::cout.flush();
          std::cerr << fmt::format("\nquenched {}: interrupted; what was finished is {}\n", command.name,
                                   destination.output.empty() ? "printed" : "in " + destination.output);
        }
      } catch (const std::exception& e) {
        std::cerr << "quenched " << command.name << ": " << e.what() << '\n';
      }
    });
    {
      Progress progress(command.name, list.size(), invocation.quiet);
      run(command, list, settings, invocation.timing, progress, finished);
    }
    const std::lock_guard lock(writing);
    records = write_out(finished.records());
    written = true;
    if (!destination.plot.empty()) draw(records, {}, destination.plot);
  }
  const auto failed = [&](const Record& record) {
    return record.value("verdict", "") == "disagree" || (invocation.strict && !trusted(record));
  };
  return std::ranges::any_of(records, failed) ? 1 : 0;
}

}  // namespace quenched::apps
