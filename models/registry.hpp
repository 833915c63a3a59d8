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

/// The maker whose name stands before the first colon of `specification`; `parameter` receives what follows
/// it. Throws InvalidInput with the known names.
template <class Make>
Make* registered(const std::vector<Registered<Make>>& table, const std::string& key,
                 std::string_view specification, std::string& parameter) {
  const auto colon = specification.find(':');
  const std::string_view name = specification.substr(0, colon);
  parameter = colon == std::string_view::npos ? "" : specification.substr(colon + 1);
  std::string known;
  for (const auto& entry : table) {
    if (entry.name == name) return entry.make;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw InvalidInput(key, std::string(specification), "needs one of " + known);
}

template <class Make>
std::vector<std::string> names(const std::vector<Registered<Make>>& table) {
  std::vector<std::string> list;
  for (const auto& entry : table) list.push_back(entry.name);
  return list;
}

}  // namespace quenched
