#pragma once
#include <functional>
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// The records of a .csv or JSON file that a command wrote, or of the last sweep of a store. Throws
/// InvalidInput (key `FILES`) when it holds none.
[[nodiscard]] std::vector<Record> read_records(const std::string& path);
/// Those of several files, one after the other.
[[nodiscard]] std::vector<Record> read_records(const std::vector<std::string>& paths);
/// Calls `use` with them. Throws InvalidInput, naming the files, where a record is not as commands write it.
void with_records(const std::vector<std::string>& paths,
                  const std::function<void(const std::vector<Record>&)>& use);

}  // namespace quenched::apps
