#pragma once
#include <charconv>
#include <quenched/invalid_input.hpp>
#include <string>

namespace quenched {

/// The number in `text`, or `absent` when it is empty. Throws InvalidInput unless allowed(number).
inline double parameter_of(const std::string& key, const std::string& name, const std::string& text,
                           double absent, bool (*allowed)(double), const std::string& rule) {
  if (text.empty()) return absent;
  double x = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, x);
  if (error != std::errc() || stop != end || !allowed(x)) throw InvalidInput(key, name + ":" + text, rule);
  return x;
}

/// For what takes no parameter.
inline void no_parameter(const std::string& key, const std::string& name, const std::string& text) {
  if (!text.empty()) throw InvalidInput(key, name + ":" + text, "needs no parameter: " + name);
}

}  // namespace quenched
