#include "print.hpp"

#include <algorithm>
#include <quenched/invalid_input.hpp>

namespace quenched::apps {
namespace {

void flatten(const Json& json, const std::string& prefix, Record& flat) {
  for (const auto& [name, value] : json.items())
    if (value.is_object()) {
      flatten(value, prefix + name + ".", flat);
    } else {
      flat[prefix + name] = value;
    }
}

std::string cell(const Json& value) {
  if (value.is_null()) return "";
  if (!value.is_string()) return value.dump();
  auto text = value.get<std::string>();
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') quoted += c;
    quoted += c;
  }
  return quoted += '"';
}

}  // namespace

Format format_of(const std::string& name) {
  if (name == "table") return Format::table;
  if (name == "csv") return Format::csv;
  if (name == "json") return Format::json;
  throw InvalidInput("format", name, "needs one of table, csv, json");
}

std::string csv_text(const std::vector<Record>& records) {
  std::vector<std::string> names;  // a field that only some records have is empty in the others
  std::vector<Record> flat(records.size(), Record::object());
  for (std::size_t i = 0; i < records.size(); ++i) {
    flatten(records[i], "", flat[i]);
    for (const auto& [name, value] : flat[i].items())
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  for (const Record& record : flat) {
    text += '\n';
    for (const std::string& name : names)
      text += (name == names.front() ? "" : ",") + (record.contains(name) ? cell(record[name]) : "");
  }
  return text + '\n';
}

std::string printed(const std::vector<Record>& records, const Command& command, Format format) {
  if (format == Format::json) return Json(records).dump(2) + '\n';
  return format == Format::csv ? csv_text(records) : table_text(records, command);
}

}  // namespace quenched::apps
