#pragma once
#include <cmath>
#include <nlohmann/json.hpp>

namespace quenched::apps {

/// Keeps the order of insertion: the order of the record's fields is part of the contract.
using Json = nlohmann::ordered_json;

/// One set of parameter values, by the record's names; an infinite value is the string "inf".
using Point = Json;
/// A point followed by what was computed there.
using Record = Json;

/// JSON has neither infinity nor NaN: what is not a finite number is unknown, null.
inline Json json_of(double x) {
  if (!std::isfinite(x)) return nullptr;
  return x;
}
/// A parameter (signal, dimension) may be infinite: the string "inf".
inline Json json_of_parameter(double x) {
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  return json_of(x);
}

/// The number that they wrote; NaN for anything else.
inline double number_of(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "inf") return INFINITY;
  if (json == "-inf") return -INFINITY;
  return NAN;
}

/// The number under `name`, which may be dotted ("uncertainty.test_error"); NaN when there is none.
inline double number_at(const Json& record, const std::string& name) {
  if (!record.is_object()) return NAN;
  const auto dot = name.find('.');
  const auto it = record.find(name.substr(0, dot));
  if (it == record.end()) return NAN;
  return dot == std::string::npos ? number_of(*it) : number_at(*it, name.substr(dot + 1));
}

/// The uncertainty of the number `name`: one of an object's, or the record's one of its threshold in alpha.
inline double uncertainty_at(const Json& record, const std::string& name) {
  const double threshold = name == "alpha" ? number_at(record, "uncertainty") : NAN;
  return std::isnan(threshold) ? number_at(record, "uncertainty." + name) : threshold;
}

/// The parameter that was not given but found: an optimal Parisi parameter, the time at which a risk is
/// reached.
inline std::string found_parameter(const Record& record) {
  return record.contains("until") ? "time" : record.value("optimal", false) ? "parisi" : "";
}

}  // namespace quenched::apps
