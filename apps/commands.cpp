#include "command.hpp"

namespace quenched::apps {

const std::vector<const Command*>& commands() {
  static const std::vector<const Command*> list = {&population_command, &bayes_command, &erm_command,
                                                   &simulate_command, &compare_command};
  return list;
}

bool trusted(const Record& record) {
  return !record.contains("certificate") || record["certificate"]["verdict"] == "trusted";
}

}  // namespace quenched::apps
