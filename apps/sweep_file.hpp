#pragma once
#include <string>
#include <vector>

#include "command.hpp"

namespace quenched::apps {

/// What a SPEC.toml asks for: points for one command.
struct Sweep {
  const Command* command;
  Settings settings;
  Json setting_texts;  // those that the file sets and that may change a number
  std::vector<Point> points;
};

/// The text of a file, named `path` in errors. Throws WrongFile.
[[nodiscard]] Sweep sweep_of(const std::string& text, const std::string& path);

}  // namespace quenched::apps
