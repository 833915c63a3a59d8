#pragma once
#include <functional>
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// A parameter that a specification can fix or sweep: one table for the command line, sweep files and Python.
struct Parameter {
  std::string name;      // the record's; the flag has dashes for underscores
  std::string fallback;  // as the user would write it; ridge_k and ridge_v fall back to ridge
  std::string help;
  /// The values that a text stands for; throws InvalidInput.
  std::function<std::vector<Json>(const std::string& text)> parse;
};

/// All of them, in the order in which a record prints them and the outer product runs (the last is the
/// fastest).
[[nodiscard]] const std::vector<Parameter>& parameters();
[[nodiscard]] const Parameter& parameter(const std::string& name);

/// The parameters of a record, but for `left_out`: records of one curve, or one point's branches, share it.
[[nodiscard]] Point point_of(const Record& record, const std::string& left_out = "");

/// `ridge_k` is `--ridge-k` on the command line.
[[nodiscard]] std::string flag_of(std::string name);

}  // namespace quenched::apps
