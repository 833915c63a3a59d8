#include "reproduce_command.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <mutex>
#include <quenched/invalid_input.hpp>

#include "interruption.hpp"
#include "needs_text.hpp"
#include "output_file.hpp"
#include "parameters.hpp"
#include "picture.hpp"
#include "print.hpp"
#include "run.hpp"
#include "typed.hpp"

namespace quenched::apps {
namespace {

namespace fs = std::filesystem;

std::vector<Record> computed(const Request& part, const Texts& settings, Progress& progress) {
  Texts all = part.settings;
  all.insert(settings.begin(), settings.end());
  const auto list = points_of(part);
  Finished finished(list.size());
  const Settings chosen = settings_of(*part.command, all);
  run(*part.command, list, chosen, false, progress, finished);
  auto records = finished.records();
  if (part.command->finish) part.command->finish(records, chosen);
  for (Record& record : records)
    record["provenance"] = provenance(typed(*part.command, part.parameters, part.settings));
  return records;
}

/// Creates the folder and tries its files; leaves nothing new behind when one cannot be written.
void check_folder(const Figure& figure, const std::string& folder) {
  std::error_code error, ignored;
  const bool created = fs::create_directories(folder, error);
  if (!fs::is_directory(folder, ignored))
    throw InvalidInput("output", folder,
                       fmt::format("cannot be created ({}): needs a folder", error.message()));
  try {
    for (const Picture& picture : figure.pictures) {
      const std::string path = fs::path(folder) / picture.name;
      check_picture("output", path + ".png");
      check_writable("output", path + ".json");
    }
  } catch (...) {
    if (created) fs::remove(folder, ignored);
    throw;
  }
}

}  // namespace

void over_limit(std::vector<Record>& records) {
  const auto place = [](const Record& record) {
    Point point = point_of(record);
    for (const char* name : {"loss", "ridge", "dimension"}) point.erase(name);
    return point.dump();
  };
  std::map<std::string, double> limits;
  for (const Record& record : records)
    if (record["loss"] == "bayes") limits[place(record)] = number_at(record, "test_error");
  for (Record& record : records) {
    const auto limit = limits.find(place(record));
    if (record["loss"] == "bayes" || limit == limits.end()) continue;
    record["test_error_over_limit"] = json_of(number_at(record, "test_error") / limit->second);
    record["uncertainty"]["test_error_over_limit"] =
        json_of(number_at(record, "uncertainty.test_error") / limit->second);
  }
}

std::string reproduce(const Figure& figure, const std::string& folder, const Texts& settings, bool quiet) {
  std::size_t total = 0;
  for (const Picture& picture : figure.pictures)
    for (const Request& part : picture.parts) {
      total += points_of(part).size();
      static_cast<void>(settings_of(*part.command, settings));  // refused before anything is written
    }
  check_folder(figure, folder);
  std::string text;
  std::mutex writing;
  const Interruption interruption([&] { writing.lock(); });  // for good: the process ends here
  Progress progress(figure.name, total, quiet);
  for (const Picture& picture : figure.pictures) {
    std::vector<Record> records;
    for (const Request& part : picture.parts)
      for (Record& record : computed(part, settings, progress)) records.push_back(std::move(record));
    if (picture.over_limit) over_limit(records);
    const std::string path = fs::path(folder) / picture.name;
    const std::lock_guard lock(writing);
    draw(records, picture.axes, path + ".png");  // first: it may refuse
    write_whole(path + ".json", printed(records, *picture.parts.front().command, Format::json));
    text += path + ".png, .csv, .json\n";
    if (!picture.caption.empty()) text += "    " + picture.caption + '\n';
  }
  return text;
}

CLI::App* add_reproduce(CLI::App& app, ReproduceInvocation& invocation) {
  CLI::App* sub = app.add_subcommand("reproduce", "a paper's figure: pictures, their data and the records");
  sub->add_option("figure", invocation.figure,
                  "one of those below, or a TOML file made from one (see --show)")
      ->type_name("FIGURE");
  sub->footer([] {
    std::string text = "Figures:";
    for (const auto& [name, toml] : built_in_figures())
      text += fmt::format("\n  {:<27} {}", name, figure_of(toml, name, name).help);
    return text;
  });
  sub->add_flag("--show", invocation.show, "print the figure's TOML text instead, to copy and edit");
  needs_text(sub->add_option("--output", invocation.output, "the folder for the files [reproduce/FIGURE]"),
             "needs the name of a folder")
      ->type_name("DIR");
  for (const Setting& setting : setting_table())
    if (setting.name == "threads")
      sub->add_option_function<std::string>(
             flag_of(setting.name),
             [&texts = invocation.settings](const std::string& text) { texts["threads"] = text; },
             setting.help)
          ->type_name("");
  sub->add_flag("--fast", invocation.fast, "a quarter of the points and of the seeds: a rough picture");
  sub->add_flag("--quiet", invocation.quiet, "no progress on standard error");
  return sub;
}

void execute(const ReproduceInvocation& invocation) {
  if (invocation.show) {
    std::cout << figure_text(invocation.figure);
    return;
  }
  const Figure figure = figure_named(invocation.figure);
  const std::string folder = invocation.output.empty() ? "reproduce/" + figure.name : invocation.output;
  std::cout << reproduce(invocation.fast ? coarser(figure) : figure, folder, invocation.settings,
                         invocation.quiet);
}

}  // namespace quenched::apps
