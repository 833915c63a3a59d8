#pragma once
#include <stdexcept>
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

/// A file that says no sweep, in one line: `SPEC.toml:4: alpha -1: needs finite numbers > 0`.
class WrongSweepFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The text of a file, named `path` in errors. Throws WrongSweepFile.
[[nodiscard]] Sweep sweep_of(const std::string& text, const std::string& path);

/// The text of the file at `path`. Throws WrongSweepFile when it cannot be read.
[[nodiscard]] std::string sweep_text(const std::string& path);

}  // namespace quenched::apps
