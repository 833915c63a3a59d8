#include "sweep_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <quenched/invalid_input.hpp>

#include "parameters.hpp"
#include "specification.hpp"
#ifndef NDEBUG
#define NDEBUG  // toml++ 3.3 aborts on `[ =` otherwise
#endif
#include <toml++/toml.h>

namespace quenched::apps {
namespace {

/// One reading of a file: knows the line of each name, for what is found wrong later.
class SweepFile {
 public:
  explicit SweepFile(std::string path) : path_(std::move(path)) {}

  Sweep read(const std::string& text) {
    const toml::table file = parsed_toml(text);
    allow(file, {"command", "parameters", "settings", "zip"}, "a sweep");
    const toml::node* name = file.get("command");
    if (!name) throw WrongSweepFile(fmt::format("{}: command: needs one of {}", path_, command_names()));
    const Command& command = command_named(*name);
    Texts parameters, settings;
    if (const toml::node* node = file.get("parameters")) {
      allow(table(*node, "parameters"), command.parameters, command.name);
      for (auto&& [key, value] : *node->as_table()) add(parameters, key, value);
    }
    std::vector<Texts> zips;
    if (const toml::node* node = file.get("zip")) {
      if (!node->is_array_of_tables()) throw wrong(*node, "zip", "needs tables, as [[zip]]");
      for (auto&& zip : *node->as_array()) {
        allow(*zip.as_table(), command.parameters, command.name);
        zips.emplace_back();
        for (auto&& [key, value] : *zip.as_table()) add(zips.back(), key, value);
      }
    }
    if (const toml::node* node = file.get("settings")) {
      allow(table(*node, "settings"), command.settings, command.name);
      for (auto&& [key, value] : *node->as_table()) set(settings, key, value);
    }
    try {
      Sweep sweep{&command, settings_of(command, settings), Json::object(),
                  points(specification(command.parameters, parameters, zips), command.check)};
      settings.erase("threads");  // changes no number
      sweep.setting_texts = settings;
      return sweep;
    } catch (const InvalidInput& e) {
      const auto line = lines_.find(e.key());
      throw WrongSweepFile(fmt::format("{}{}: {} {}: {}", path_,
                                       line == lines_.end() ? "" : fmt::format(":{}", line->second), e.key(),
                                       e.value().empty() ? "''" : e.value(), e.rule()));
    }
  }

 private:
  [[nodiscard]] WrongSweepFile wrong(const toml::node& node, const std::string& what,
                                     const std::string& rule) const {
    return WrongSweepFile(fmt::format("{}:{}: {}: {}", path_, node.source().begin.line, what, rule));
  }

  /// Tables nested by dotted keys: toml++ goes down and up them by calling itself.
  void refuse_deep_keys(const std::string& text) const {
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
        throw WrongSweepFile(fmt::format("{}: needs keys of at most {} dots", path_, deepest));
      last = c;
    }
  }

  toml::table parsed_toml(const std::string& text) const {
    refuse_deep_keys(text);
    try {
      return toml::parse(text, path_);
    } catch (const toml::parse_error& e) {
      throw WrongSweepFile(
          fmt::format("{}:{}: {}", path_, e.source().begin.line, std::string(e.description())));
    }
  }

  static std::string command_names() {
    std::string names;
    for (const Command* command : commands()) names += (names.empty() ? "" : ", ") + command->name;
    return names;
  }

  const Command& command_named(const toml::node& node) const {
    const auto name = node.value<std::string>();
    for (const Command* command : commands())
      if (command->name == name) return *command;
    throw wrong(node, fmt::format("command {}", name.value_or("")), "needs one of " + command_names());
  }

  const toml::table& table(const toml::node& node, const std::string& name) const {
    if (const toml::table* found = node.as_table()) return *found;
    throw wrong(node, name, fmt::format("needs a table, [{}]", name));
  }

  void allow(const toml::table& found, const std::vector<std::string>& names,
             const std::string& whose) const {
    for (auto&& [key, value] : found)
      if (std::ranges::find(names, key.str()) == names.end())
        throw wrong(value, std::string(key.str()),
                    fmt::format("is no key of {}: needs one of {}", whose, fmt::join(names, ", ")));
  }

  /// A scalar as the flag would take it.
  std::string scalar(const std::string& name, const toml::node& value) const {
    if (const auto* text = value.as_string()) return text->get();
    if (const auto* whole = value.as_integer()) return fmt::format("{}", whole->get());
    if (const auto* number = value.as_floating_point()) return fmt::format("{}", number->get());
    throw wrong(value, name, "needs a number, a text or a list of these");
  }

  void add(Texts& texts, const toml::key& key, const toml::node& value) {
    const std::string name(key.str());
    if (!lines_.emplace(name, value.source().begin.line).second)
      throw wrong(value, name, "needs one place, in [parameters] or in a [[zip]]");
    std::vector<std::string> list;
    if (const toml::array* array = value.as_array()) {
      for (auto&& element : *array) list.push_back(scalar(name, element));
    } else {
      list.push_back(scalar(name, value));
    }
    texts[name] = fmt::format("{}", fmt::join(list, name == "length" ? ";" : ","));
  }

  /// A flag is true or false.
  void set(Texts& texts, const toml::key& key, const toml::node& value) {
    const std::string name(key.str());
    lines_.emplace(name, value.source().begin.line);
    if (!std::ranges::find(setting_table(), name, &Setting::name)->flag) {
      texts[name] = scalar(name, value);
    } else if (!value.is_boolean()) {
      throw wrong(value, name, "needs true or false");
    } else if (value.as_boolean()->get()) {
      texts[name] = "";
    }
  }

  std::string path_;
  std::map<std::string, unsigned> lines_;
};

}  // namespace

Sweep sweep_of(const std::string& text, const std::string& path) { return SweepFile(path).read(text); }

std::string sweep_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(path, ignored))
    throw WrongSweepFile(path + ": needs a TOML file that can be read, with a command");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace quenched::apps
