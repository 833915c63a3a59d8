#include "destination.hpp"

#include <iostream>
#include <quenched/invalid_input.hpp>

#include "needs_text.hpp"
#include "output_file.hpp"
#include "picture.hpp"
#include "typed.hpp"

namespace quenched::apps {
namespace {

/// The one asked for, or that of the suffix of --output.
Format format_of(const Destination& destination) {
  if (!destination.format.empty()) return apps::format_of(destination.format);
  if (destination.output.ends_with(".json")) return Format::json;
  return destination.output.ends_with(".csv") ? Format::csv : Format::table;
}

}  // namespace

void add_destination(CLI::App& command, Destination& destination) {
  needs_text(command.add_option("--format", destination.format,
                                "table, csv or json [table, or the suffix of --output]"),
             "needs one of table, csv, json")
      ->type_name("");
  needs_text(
      command.add_option("--output", destination.output, "write the records there instead of printing them"))
      ->type_name("FILE");
  needs_text(command.add_option("--plot", destination.plot, "draw them too, as .svg, .png or .pdf"))
      ->type_name("FILE");
}

void check(const Destination& destination) {
  static_cast<void>(format_of(destination));
  if (!destination.output.empty()) check_writable("output", destination.output);
  if (!destination.plot.empty()) {
    check_picture("plot", destination.plot);
    if (!destination.output.empty() && (same_file(destination.output, destination.plot) ||
                                        same_file(destination.output, data_beside(destination.plot))))
      throw InvalidInput("output", destination.output,
                         "needs another name: the picture or its data would overwrite it");
  }
}

void write(std::vector<Record> records, const Command& command, const Destination& destination,
           const std::string& arguments) {
  const Format format = format_of(destination);
  if (!destination.output.empty() && format == Format::json)
    for (Record& record : records) record["provenance"] = provenance(arguments);
  const std::string text = printed(records, command, format);
  if (destination.output.empty()) {
    std::cout << text;
  } else {
    write_whole(destination.output, text);
  }
}

}  // namespace quenched::apps
