#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "print.hpp"

namespace quenched::apps {

/// Where the records of a command go, and in which form.
struct Destination {
  std::string format, output, plot;
};

/// Adds --format, --output and --plot.
void add_destination(CLI::App& command, Destination& destination);

/// Throws InvalidInput for an unknown format and for files that could not be written: for use before a long
/// computation.
void check(const Destination& destination);

/// Prints the records or writes --output; `arguments` are noted in a JSON file.
void write(std::vector<Record> records, const Command& command, const Destination& destination,
           const std::string& arguments);

}  // namespace quenched::apps
