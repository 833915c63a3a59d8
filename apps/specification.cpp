#include "specification.hpp"

#include <algorithm>
#include <quenched/invalid_input.hpp>

#include "parameters.hpp"

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

/// random and small are starts of training: the equations know informed and uninformed.
void refuse_training_starts(const Specification& axes) {
  for (const Axis& axis : axes)
    for (const auto& row : axis.rows)
      if (axis.names.front() == "start" && (row[0] == "random" || row[0] == "small"))
        throw InvalidInput("start", row[0].get<std::string>(), "needs one of informed, uninformed, both");
}

/// One ridge may be absent, where a loss alone has a minimum; two may not.
void refuse_zero(const std::vector<Json>& ridges) {
  for (const Json& r : ridges)
    if (r == 0) throw InvalidInput("ridge", "0", "needs finite numbers > 0");
}

}  // namespace

Specification specification(const std::vector<std::string>& used, const Texts& texts) {
  Specification axes;
  const bool two_ridges = std::ranges::find(used, "ridge_k") != used.end();
  const bool apart = texts.contains("ridge_k") || texts.contains("ridge_v");
  for (const Parameter& p : parameters()) {
    if (std::ranges::find(used, p.name) == used.end()) continue;
    if (p.name == "ridge" && two_ridges) {
      refuse_zero(values(p, texts));
      if (apart) continue;
      axes.push_back({{"ridge_k", "ridge_v"}, {}});
      for (const Json& r : values(p, texts)) axes.back().rows.push_back({r, r});
    } else if (p.name == "ridge_k" || p.name == "ridge_v") {
      if (apart) axes.push_back(axis(p.name, values(texts.contains(p.name) ? p : parameter("ridge"), texts)));
    } else {
      axes.push_back(axis(p.name, values(p, texts)));
    }
  }
  if (std::ranges::find(used, "dimension") == used.end()) refuse_training_starts(axes);
  return axes;
}

std::vector<Point> points(const Specification& specification, void (*check)(const Point& point)) {
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
  if (check)
    for (const Point& point : list) check(point);
  return list;
}

}  // namespace quenched::apps
