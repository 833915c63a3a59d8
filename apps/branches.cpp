#include "branches.hpp"

#include "parameters.hpp"

#include <fmt/format.h>

#include <map>

namespace quenched::apps {
namespace {

bool apart(const Record& a, const Record& b, const std::string& name) {
  const double error = number_at(a, "uncertainty." + name) + number_at(b, "uncertainty." + name);
  return std::abs(number_at(a, name) - number_at(b, name)) > error;
}

}  // namespace

void mark_metastable(std::vector<Record>& records) {
  std::map<std::string, std::vector<Record*>> branches;  // of each point
  for (Record& record : records) branches[point_of(record, "start").dump()].push_back(&record);
  for (const auto& [point, list] : branches)
    for (Record* record : list)
      for (const Record* other : list) {
        Json& certificate = (*record)["certificate"];
        // metastable is the last reservation before trusted: a record with another one keeps it
        if (certificate["verdict"] != "trusted" || !(*other)["certificate"]["converged"].get<bool>()) continue;
        const bool worse = number_at(*record, "energy") > number_at(*other, "energy");
        if (!worse || !apart(*record, *other, "test_error") || !apart(*record, *other, "energy")) continue;
        certificate["verdict"] = "metastable";
        certificate["advice"] =
            fmt::format("the {} start ends at lower energy: use that record", (*other)["start"].get<std::string>());
      }
}

}  // namespace quenched::apps
