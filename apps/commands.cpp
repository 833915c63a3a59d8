#include <algorithm>

#include "command.hpp"

namespace quenched::apps {

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> list = {&population_command,   &bayes_command,    &erm_command,
                                                   &rsb_command,          &simulate_command, &compare_command,
                                                   &amp_command,          &dynamics_command, &glm_command,
                                                   &glm_simulate_command, &phase_command};
  return list;
}

Settings settings_of(const Command& command, const std::map<std::string, std::string>& texts) {
  Settings settings{.tolerance = command.tolerance};
  for (const Setting& setting : setting_table())
    if (const auto text = texts.find(setting.name); text != texts.end()) setting.set(settings, text->second);
  return settings;
}

bool trusted(const Record& record) {
  if (record.value("verdict", "") == "training_failed") return false;
  if (record.contains("certificate")) return record["certificate"]["verdict"] == "trusted";
  return !record.contains("seeds_converged") || record["seeds_converged"] == record["seeds"];
}

void answers_apart(std::vector<Record>& answers, const Settings&) {
  std::vector<Record> records;
  for (const Record& answer : answers)
    for (Record record : answer.at("records")) {
      record["command"] = answer.at("command");
      if (answer.contains("seconds")) record["seconds"] = answer.at("seconds");
      if (std::ranges::find(records, record) == records.end()) records.push_back(std::move(record));
    }
  answers = std::move(records);
}

}  // namespace quenched::apps
