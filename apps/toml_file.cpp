#include "toml_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace quenched::apps {
namespace {

/// Tables nested by dotted keys: toml++ goes down and up them by calling itself.
void refuse_deep_keys(const std::string& text, const std::string& path) {
  constexpr int deepest = 256;  // as toml++'s own bound on values
  int dots = 0;
  char quote = 0, last = 0;
  for (const char c : text) {
    if (c == '\n' || (c == ',' && !quote)) dots = 0;
    if (c == '\n' || (c == quote && last != '\\'))
      quote = 0;
    else if (!quote && (c == '"' || c == '\''))
      quote = c;
    if (c == '.' && ++dots > deepest)
      throw WrongFile(fmt::format("{}: needs keys of at most {} dots", path, deepest));
    last = c;
  }
}

toml::table parsed_toml(const std::string& text, const std::string& path) {
  refuse_deep_keys(text, path);
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& e) {
    throw WrongFile(fmt::format("{}:{}: {}", path, e.source().begin.line, std::string(e.description())));
  }
}

}  // namespace

bool has_an_end(const std::string& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  return is_regular_file(status) || is_fifo(status);
}

std::string toml_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || !has_an_end(path))
    throw WrongFile((path.empty() ? "''" : path) + ": needs a TOML file that can be read, with a command");
  return {std::istreambuf_iterator<char>(file), {}};
}

TomlFile::TomlFile(const std::string& text, std::string path)
    : path_(std::move(path)), root_(parsed_toml(text, path_)) {}

WrongFile TomlFile::wrong(const toml::node& node, const std::string& what, const std::string& rule) const {
  const std::string line = &node == &root_ ? "" : fmt::format(":{}", node.source().begin.line);
  return WrongFile(fmt::format("{}{}: {}: {}", path_, line, what, rule));
}

WrongFile TomlFile::located(const InvalidInput& e) const {
  const auto line = lines_.find(e.key());
  return WrongFile(fmt::format("{}{}: {} {}: {}", path_,
                               line == lines_.end() ? "" : fmt::format(":{}", line->second), e.key(),
                               e.value().empty() ? "''" : e.value(), e.rule()));
}

void TomlFile::allow(const toml::table& table, const std::vector<std::string>& names,
                     const std::string& whose) const {
  for (auto&& [key, value] : table)
    if (std::ranges::find(names, key.str()) == names.end())
      throw wrong(value, std::string(key.str()),
                  fmt::format("is no key of {}: needs one of {}", whose, fmt::join(names, ", ")));
}

std::vector<const toml::table*> TomlFile::tables(const toml::node& node, const std::string& name) const {
  if (!node.is_array_of_tables()) throw wrong(node, name, fmt::format("needs tables, as [[{}]]", name));
  std::vector<const toml::table*> list;
  for (auto&& table : *node.as_array()) list.push_back(table.as_table());
  return list;
}

const toml::table& TomlFile::subtable(const toml::node& node, const std::string& name) const {
  if (const toml::table* found = node.as_table()) return *found;
  throw wrong(node, name, fmt::format("needs a table, [{}]", name));
}

std::string TomlFile::scalar(const std::string& name, const toml::node& value) const {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* whole = value.as_integer()) return fmt::format("{}", whole->get());
  if (const auto* number = value.as_floating_point()) return fmt::format("{}", number->get());
  throw wrong(value, name, "needs a number, a text or a list of these");
}

std::string TomlFile::list(const std::string& name, const toml::node& value) const {
  const toml::array* array = value.as_array();
  if (!array) return scalar(name, value);
  std::vector<std::string> texts;
  for (auto&& element : *array) texts.push_back(scalar(name, element));
  return fmt::format("{}", fmt::join(texts, name == "length" ? ";" : ","));
}

bool TomlFile::truth(const std::string& name, const toml::node& value) const {
  if (!value.is_boolean()) throw wrong(value, name, "needs true or false");
  return value.as_boolean()->get();
}

const Command& TomlFile::command_of(const toml::table& table) const {
  std::string names;
  for (const Command* command : commands()) names += (names.empty() ? "" : ", ") + command->name;
  const toml::node* node = table.get("command");
  if (!node) throw wrong(table, "command", "needs one of " + names);
  const auto name = node->value<std::string>();
  for (const Command* command : commands())
    if (command->name == name) return *command;
  throw wrong(*node, fmt::format("command {}", name.value_or("")), "needs one of " + names);
}

void TomlFile::add(Texts& texts, const toml::key& key, const toml::node& value) {
  const std::string name(key.str());
  if (!lines_.emplace(name, value.source().begin.line).second)
    throw wrong(value, name, "needs one place, in [parameters] or in a [[zip]]");
  texts[name] = list(name, value);
}

/// A flag is true or false.
void TomlFile::set(Texts& texts, const toml::key& key, const toml::node& value) {
  const std::string name(key.str());
  lines_.emplace(name, value.source().begin.line);
  if (!std::ranges::find(setting_table(), name, &Setting::name)->flag) {
    texts[name] = scalar(name, value);
  } else if (truth(name, value)) {
    texts[name] = "";
  }
}

Request TomlFile::request(const toml::table& table) {
  lines_.clear();
  Request request{.command = &command_of(table)};
  const Command& command = *request.command;
  if (const toml::node* node = table.get("parameters")) {
    allow(subtable(*node, "parameters"), command.parameters, command.name);
    for (auto&& [key, value] : *node->as_table()) add(request.parameters, key, value);
  }
  if (const toml::node* node = table.get("zip"))
    for (const toml::table* zip : tables(*node, "zip")) {
      allow(*zip, command.parameters, command.name);
      request.zips.emplace_back();
      for (auto&& [key, value] : *zip) add(request.zips.back(), key, value);
    }
  if (const toml::node* node = table.get("settings")) {
    allow(subtable(*node, "settings"), command.settings, command.name);
    for (auto&& [key, value] : *node->as_table()) set(request.settings, key, value);
  }
  return request;
}

}  // namespace quenched::apps
