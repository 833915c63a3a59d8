#include "typed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "lists.hpp"
#include "parameters.hpp"

namespace quenched::apps {
namespace {

/// The words of the line that the program noted, as quoted() wrote them; of one without quotes spaces within
/// parentheses make no word.
std::vector<std::string> noted_words(const Record& record) {
  std::vector<std::string> list(1);
  int depth = 0;
  bool within = false;
  const std::string line = record.value("provenance", Json::object()).value("arguments", "");
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '\'') {
      within = !within;
      continue;
    }
    if (!within) depth += (c == '(') - (c == ')');
    if (c == ' ' && !within && depth == 0) {
      list.emplace_back();
    } else {
      list.back() += c == '\\' && !within && i + 1 < line.size() ? line[++i] : c;
    }
  }
  return list;
}

/// What follows a flag among these words; empty for one without a value.
std::optional<std::string> noted(const std::vector<std::string>& list, const std::string& name, bool flag) {
  const std::string wanted = flag_of(name);
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].starts_with(wanted + "=")) return list[i].substr(wanted.size() + 1);
    if (list[i] == wanted && flag) return "";
    if (list[i] == wanted && i + 1 < list.size()) return list[i + 1];
  }
  return {};
}

std::string text_of_value(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? fmt::format("{}", value.get<double>()) : value.dump();
}

Texts parameters_of(const Command& command, const Record& record) {
  Texts texts;
  for (const std::string& name : command.parameters)
    if (record.contains(name) && record[name].is_primitive() && !record[name].is_null())
      texts[name] = text_of_value(record[name]);
  if (record.contains("ridge_optimum")) texts["ridge"] = "optimal";
  if (texts.contains("parisi") && record.value("optimal", false)) texts["parisi"] = "optimal";
  if (texts.contains("ridge_k") && texts["ridge_k"] == texts["ridge_v"]) texts["ridge"] = texts["ridge_k"];
  if (texts.contains("ridge")) texts.erase("ridge_k"), texts.erase("ridge_v");
  if (texts["dimension"] == "inf")
    texts["dimension"] = noted(noted_words(record), "dimension", false).value_or("");
  if (texts["dimension"].empty()) texts.erase("dimension");
  return texts;
}

/// Those that a record shows go before those noted, which may have been lists.
Texts settings_of(const Command& command, const Record& record) {
  Texts texts;
  const auto line = noted_words(record);
  for (const Setting& setting : setting_table())
    if (const auto text = noted(line, setting.name, setting.flag);
        text && contains(command.settings, setting.name))
      texts[setting.name] = *text;
  texts.erase("threads");
  const auto show = [&](const std::string& name, const Json& holder) {
    if (contains(command.settings, name) && holder.contains(name)) texts[name] = text_of_value(holder[name]);
  };
  for (const char* name : {"until", "start", "dimension", "seeds", "against"}) show(name, record);
  // a state depends, within its error, on the other times on its path
  if (found_parameter(record) != "time" && !record.contains("provenance")) show("time", record);
  if (record.contains("iteration") && !texts.contains("iterations"))
    texts["iterations"] = text_of_value(record["iteration"]);
  if (record.contains("simulation")) show("seeds", record["simulation"]);
  if (texts.contains("at")) texts.erase("start");  // dynamics names both `start`
  if (record.value("kind", "") == "fixed_point" && !texts.contains("map")) texts["curve"] = "";
  if (command.name == "erm" && record.contains("parisi")) texts["beyond-rs"] = "";
  return texts;
}

}  // namespace

std::string quoted(const std::string& text) {
  constexpr auto plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:=+-/@%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string typed(const Command& command, const Texts& texts, const Texts& settings) {
  std::string line = "quenched " + command.name;
  const auto add = [&](const std::string& name, const std::string& text, bool flag) {
    line += ' ' + flag_of(name) + (flag ? "" : ' ' + quoted(text));
  };
  for (const Parameter& p : parameters())
    if (const auto it = texts.find(p.name); it != texts.end()) add(p.name, it->second, false);
  for (const Setting& setting : setting_table())
    if (const auto it = settings.find(setting.name); it != settings.end())
      add(setting.name, it->second, setting.flag);
  return line;
}

std::string compiler() {
#ifdef __clang__
  return __VERSION__;
#else
  return "g++ " __VERSION__;
#endif
}

Json provenance(const std::string& arguments) {
  return {{"program", "quenched " QUENCHED_VERSION}, {"compiler", compiler()}, {"arguments", arguments}};
}

std::string typed_again(const Record& record) {
  const auto command = std::ranges::find_if(
      commands(), [&](const Command* c) { return record.value("command", "") == c->name; });
  if (command == commands().end()) return "";
  return typed(**command, parameters_of(**command, record), settings_of(**command, record));
}

}  // namespace quenched::apps
