#pragma once
#include <map>
#include <string>
#include <vector>

#include "json.hpp"
#include "settings.hpp"

namespace quenched::apps {

/// A computing command: a record for each point of a specification.
struct Command {
  std::string name, help;
  std::vector<std::string>
      parameters;  // those it uses, by the record's names (`ridge` includes ridge_k and ridge_v)
  std::vector<std::string> settings;
  std::vector<std::string> columns;  // of the table for a person, dotted names
  /// `neighbour` is the record of the nearest point of the same curve in alpha, or null.
  Record (*compute)(const Point& point, const Settings& settings, const Record* neighbour);
  /// Throws InvalidInput for values that do not fit together, before anything is computed.
  void (*check)(const Point& point) = nullptr;
  double tolerance = 1e-4;  // unless the user says otherwise
  bool continues = false;   // worth starting from a neighbour
  /// Looks at all records together, once they are there.
  void (*finish)(std::vector<Record>& records, const Settings& settings) = nullptr;
  /// The rows of a record in the table for a person; absent: the record itself.
  std::vector<Record> (*rows)(const Record& record) = nullptr;
};

extern const Command population_command, bayes_command, erm_command, rsb_command, simulate_command,
    compare_command, amp_command, dynamics_command, glm_command, glm_simulate_command, phase_command;

/// In the order of the help.
[[nodiscard]] const std::vector<const Command*>& commands();

/// Those of `command`, with what the user wrote by setting name. Throws InvalidInput.
[[nodiscard]] Settings settings_of(const Command& command, const std::map<std::string, std::string>& texts);

/// By its verdict; a simulation has none and is trusted when every seed converged.
[[nodiscard]] bool trusted(const Record& record);

/// A `finish` of commands whose answer to a point is a list, in `records`: gives them in its place, each
/// once.
void answers_apart(std::vector<Record>& answers, const Settings& settings);

}  // namespace quenched::apps
