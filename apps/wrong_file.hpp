#pragma once
#include <stdexcept>
#include <string>

namespace quenched::apps {

/// A file that asks for nothing that can be computed, in one line:
/// `SPEC.toml:4: alpha -1: needs finite numbers > 0`.
class WrongFile : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file or a pipe: a device may have no end.
[[nodiscard]] bool has_an_end(const std::string& path);

/// The text of the TOML file at `path`. Throws WrongFile when it cannot be read.
[[nodiscard]] std::string toml_text(const std::string& path);

}  // namespace quenched::apps
