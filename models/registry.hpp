#pragma once
#include <algorithm>
#include <quenched/invalid_input.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace quenched {

/// A name of a list.def with the function that makes what it stands for. C++ names have underscores where the
/// command line has dashes.
template <class Make>
struct Registered {
  Registered(std::string cpp_name, Make* maker) : name(std::move(cpp_name)), make(maker) {
    std::ranges::replace(name, '_', '-');
  }
  std::string name;
  Make* make;
};

/// The maker of this name. Throws InvalidInput with the known names for `given`, of which the name is all or
/// a part.
template <class Make>
Make* registered(const std::vector<Registered<Make>>& table, const std::string& key, std::string_view name,
                 std::string_view given) {
  std::string known;
  for (const auto& entry : table) {
    if (entry.name == name) return entry.make;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidInput(key, std::string(given), "needs one of " + known);
}

/// Makes what a specification "name" or "name:parameter" stands for: make(parameter, arguments...).
template <class Make, class... Arguments>
auto made(const std::vector<Registered<Make>>& table, const std::string& key, std::string_view specification,
          const Arguments&... arguments) {
  const auto colon = specification.find(':');
  Make* make = registered(table, key, specification.substr(0, colon), specification);
  return make(std::string(colon == std::string_view::npos ? "" : specification.substr(colon + 1)),
              arguments...);
}

template <class Make>
std::vector<std::string> names(const std::vector<Registered<Make>>& table) {
  std::vector<std::string> list;
  list.reserve(table.size());
  for (const auto& entry : table) list.push_back(entry.name);
  return list;
}

}  // namespace quenched
