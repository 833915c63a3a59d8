#include "activations_command.hpp"

#include <quenched/activation.hpp>
#include <tuple>

#include "print.hpp"

namespace quenched::apps {

std::string activations_text(const std::vector<std::string>& names, const std::string& format) {
  std::vector<Record> records;
  for (const std::string& name : names.empty() ? activation_names() : names) {
    const ActivationInfo info = make_activation(name)->info();
    records.push_back({{"name", name},
                       {"formula", info.formula},
                       {"normalised", info.normalised},
                       {"shift_invariant", info.shift_invariant},
                       {"exponential", info.exponential},
                       {"smooth", info.smooth},
                       {"source", info.source}});
  }
  if (names.empty())
    for (const auto& [name, formula, normalised] :
         {std::tuple{"kernel:PHI", "phi(chi_l)/sum_m phi(chi_m)", true},
          {"elementwise:PHI", "phi(chi_l)", false}})
      records.push_back({{"name", name},
                         {"formula", formula},
                         {"normalised", normalised},
                         {"shift_invariant", nullptr},
                         {"exponential", nullptr},
                         {"smooth", nullptr},
                         {"source", "a formula in x: docs/activations.md"}});
  Command list;
  list.columns = {"name", "formula", "normalised", "shift_invariant", "exponential", "smooth", "source"};
  return printed(records, list, format.empty() ? Format::table : format_of(format));
}

}  // namespace quenched::apps
