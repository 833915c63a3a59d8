#include "invocation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <quenched/invalid_input.hpp>

#include "interruption.hpp"
#include "output_file.hpp"
#include "parameters.hpp"
#include "picture.hpp"
#include "run.hpp"

namespace quenched::apps {
namespace {

Format format_of(const Invocation& invocation) {
  if (!invocation.format.empty()) return apps::format_of(invocation.format);
  if (invocation.output.ends_with(".json")) return Format::json;
  return invocation.output.ends_with(".csv") ? Format::csv : Format::table;
}

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
  sub->add_option("--format", invocation.format, "table, csv or json [table, or the suffix of --output]")
      ->type_name("");
  sub->add_option("--output", invocation.output, "write the records there instead of printing them")
      ->type_name("FILE");
  sub->add_option("--plot", invocation.plot, "draw them too, as .svg, .png or .pdf")->type_name("FILE");
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
  const Format format = format_of(invocation);
  if (!invocation.output.empty()) check_writable("output", invocation.output);
  if (!invocation.plot.empty()) {
    check_picture("plot", invocation.plot);
    if (invocation.output == invocation.plot || invocation.output == data_beside(invocation.plot))
      throw InvalidInput("output", invocation.output,
                         "needs another name: the picture or its data would overwrite it");
  }

  Finished finished(list.size());
  std::mutex writing;
  const auto write = [&](std::vector<Record> records) {
    if (command.finish) command.finish(records, settings);
    if (!invocation.output.empty() && format == Format::json)
      for (Record& record : records)
        record["provenance"] = {{"program", "quenched " QUENCHED_VERSION}, {"arguments", arguments}};
    const std::string text = printed(records, command, format);
    if (invocation.output.empty()) {
      std::cout << text;
    } else {
      write_whole(invocation.output, text);
    }
    return records;
  };
  std::vector<Record> records;
  {
    const Interruption interruption([&] {
      writing.lock();  // for good: the process ends here
      try {
        if (auto so_far = finished.records(); !so_far.empty() && !invocation.output.empty()) write(so_far);
      } catch (const std::exception& e) {
        std::cerr << "quenched " << command.name << ": " << e.what() << '\n';
      }
    });
    {
      Progress progress(command.name, list.size(), invocation.quiet);
      run(command, list, settings, invocation.timing, progress, finished);
    }
    const std::lock_guard lock(writing);
    records = write(finished.records());
    if (!invocation.plot.empty()) draw(records, {}, invocation.plot);
  }
  const auto failed = [&](const Record& record) {
    return record.value("verdict", "") == "disagree" || (invocation.strict && !trusted(record));
  };
  return std::ranges::any_of(records, failed) ? 1 : 0;
}

}  // namespace quenched::apps
