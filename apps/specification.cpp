#include "specification.hpp"

#include <algorithm>
#include <quenched/invalid_input.hpp>

#include "parameters.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

constexpr std::size_t most_points = 1'000'000;

std::vector<Json> values(const Parameter& p, const Texts& texts) {
  const auto text = texts.find(p.name);
  return p.parse(text == texts.end() ? p.fallback : text->second);
}

Axis axis(const std::string& name, const std::vector<Json>& values) {
  Axis axis{{name}, {}};
  for (const Json& value : values) axis.rows.push_back({value});
  return axis;
}

/// Only the equations of erm know how to tune.
void refuse_tuning(const Specification& axes) {
  for (const Axis& axis : axes)
    if (axis.names.front() == "ridge_k" && axis.rows.front()[0] == "optimal")
      throw InvalidInput("ridge", "optimal", "needs finite numbers > 0 here (only erm tunes)");
}

/// random and small are starts of training: the equations know informed and uninformed.
void refuse_training_starts(const Specification& axes) {
  for (const Axis& axis : axes)
    for (const auto& row : axis.rows)
      if (axis.names.front() == "start" && (row[0] == "random" || row[0] == "small"))
        throw InvalidInput("start", row[0].get<std::string>(), "needs one of informed, uninformed, both");
}

}  // namespace

Specification specification(const std::vector<std::string>& used, const Texts& texts) {
  Specification axes;
  const bool apart = texts.contains("ridge_k") || texts.contains("ridge_v");
  for (const Parameter& p : parameters()) {
    if (std::ranges::find(used, p.name) == used.end()) continue;
    if (p.name == "ridge") {
      if (apart) continue;
      axes.push_back({{"ridge_k", "ridge_v"}, {}});
      for (const Json& r : values(p, texts)) axes.back().rows.push_back({r, r});
    } else if (p.name == "ridge_k" || p.name == "ridge_v") {
      if (apart) axes.push_back(axis(p.name, values(texts.contains(p.name) ? p : parameter("ridge"), texts)));
    } else {
      axes.push_back(axis(p.name, values(p, texts)));
    }
  }
  const auto uses = [&](const char* name) { return std::ranges::find(used, name) != used.end(); };
  if (!uses("dimension")) refuse_training_starts(axes);
  if (uses("dimension") || uses("parisi")) refuse_tuning(axes);
  return axes;
}

std::vector<Point> points(const Specification& specification) {
  std::vector<Point> list = {Point::object()};
  for (const Axis& axis : specification) {
    if (list.size() * axis.rows.size() > most_points)
      throw InvalidInput(axis.names.front(), std::to_string(axis.rows.size()) + " values",
                         "needs a specification of at most 1000000 points");
    std::vector<Point> longer;
    for (const Point& point : list)
      for (const auto& row : axis.rows) {
        longer.push_back(point);
        for (std::size_t i = 0; i < axis.names.size(); ++i) longer.back()[axis.names[i]] = row[i];
      }
    list = std::move(longer);
  }
  for (const Point& point : list) static_cast<void>(problem_of(point));
  return list;
}

}  // namespace quenched::apps
