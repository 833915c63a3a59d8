#pragma once
#include <CLI/App.hpp>
#include <quenched/invalid_input.hpp>
#include <string>

namespace quenched::apps {

/// Has a flag refuse the empty text, which would be taken for its absence; `rule` as in InvalidInput.
inline CLI::Option* needs_text(CLI::Option* option, const std::string& rule = "needs the name of a file") {
  return option->each([key = option->get_lnames().front(), rule](const std::string& text) {
    if (text.empty()) throw InvalidInput(key, text, rule);
  });
}

}  // namespace quenched::apps
