#include "activations_command.hpp"

#include <quenched/activation.hpp>

#include "print.hpp"

namespace quenched::apps {

std::string activations_text(const std::string& format) {
  std::vector<Record> records;
  for (const std::string& name : activation_names()) {
    const ActivationInfo info = make_activation(name)->info();
    records.push_back({{"name", name},
                       {"formula", info.formula},
                       {"normalised", info.normalised},
                       {"shift_invariant", info.shift_invariant},
                       {"exponential", info.exponential},
                       {"smooth", info.smooth},
                       {"source", info.source}});
  }
  Command list;
  list.columns = {"name", "formula", "normalised", "shift_invariant", "exponential", "smooth", "source"};
  return printed(records, list, format.empty() ? Format::table : format_of(format));
}

}  // namespace quenched::apps
