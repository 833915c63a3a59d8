#include "read_records.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <quenched/invalid_input.hpp>

#include "lists.hpp"
#include "parsed_json.hpp"
#include "sweep.hpp"
#include "typed.hpp"
#include "wrong_file.hpp"

namespace quenched::apps {
namespace {

/// Fields of RFC 4180 up to the end of the line, which may lie within quotes.
std::vector<std::string> csv_line(std::istream& in) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char c; in.get(c);) {
    if (quoted && c == '"' && in.peek() == '"') {
      fields.back() += char(in.get());
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c == '\n' && !quoted) {
      break;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

/// Numbers and booleans as JSON writes them; anything else is a string.
Json value_of(const std::string& cell) {
  if (cell.empty()) return nullptr;
  const Json value = Json::parse(cell, nullptr, false);
  return value.is_primitive() && !value.is_discarded() ? value : Json(cell);
}

std::vector<Record> from_csv(std::istream& in) {
  std::vector<Record> records;
  std::vector<std::vector<std::string>> names;  // dotted ones taken apart
  for (const std::string& name : csv_line(in)) {
    names.push_back(words(name, '.'));
    if (names.back().size() > deepest_json) return {};  // refused, as none
  }
  while (in.peek() != EOF) {
    const auto cells = csv_line(in);
    Record record = Record::object();
    for (std::size_t i = 0; i < std::min(names.size(), cells.size()); ++i) {
      if (cells[i].empty()) continue;
      Json* field = &record;
      for (const std::string& name : names[i]) field = &(*field)[name];
      *field = value_of(cells[i]);
    }
    records.push_back(record);
  }
  return records;
}

}  // namespace

std::vector<Record> read_records(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const auto refuse = [&] {
    return InvalidInput("FILES", path, "needs records as quenched prints them, JSON or .csv, or a store");
  };
  if (!in || !has_an_end(path)) throw InvalidInput("FILES", path, "needs files that can be read");
  std::vector<Record> records;
  if (is_store(path)) {
    Stored stored = stored_records(path, "", false);
    records = std::move(stored.records);
    const Json origin = provenance(typed(*stored.command, {}, stored.settings));
    for (Record& record : records) record["provenance"] = origin;
  } else if (path.ends_with(".csv")) {
    records = from_csv(in);
  } else {
    const Json json = parsed_json(in);
    if (!json.is_array()) throw refuse();
    records.assign(json.begin(), json.end());
  }
  for (const Record& record : records) {
    if (!record.is_object() || !record.contains("command") || !record["command"].is_string()) throw refuse();
    if (record["command"] != "compare") continue;
    for (const char* part : {"theory", "simulation", "standard_error", "certificate"})
      if (!record.contains(part) || !record[part].is_object()) throw refuse();
  }
  if (records.empty()) throw refuse();
  return records;
}

std::vector<Record> read_records(const std::vector<std::string>& paths) {
  std::vector<Record> records;
  for (const std::string& path : paths)
    for (Record& record : read_records(path)) records.push_back(std::move(record));
  return records;
}

void with_records(const std::vector<std::string>& paths,
                  const std::function<void(const std::vector<Record>&)>& use) {
  try {
    use(read_records(paths));
  } catch (const Json::exception& e) {
    throw InvalidInput("FILES", fmt::format("{}", fmt::join(paths, ", ")),
                       fmt::format("needs records as quenched prints them ({})", e.what()));
  }
}

}  // namespace quenched::apps
