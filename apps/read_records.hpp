#pragma once
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// The records of a .csv or JSON file that a command wrote. Throws InvalidInput (key `files`) when it holds
/// none.
[[nodiscard]] std::vector<Record> read_records(const std::string& path);

}  // namespace quenched::apps
