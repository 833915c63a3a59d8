#include "specification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <quenched/invalid_input.hpp>

#include "parameters.hpp"

namespace quenched::apps {
namespace {

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
constexpr std::size_t most_points = 1000;
#else
constexpr std::size_t most_points = 1'000'000;
#endif

std::vector<Json> values(const Parameter& p, const Texts& texts) {
  const auto text = texts.find(p.name);
  return p.parse(text == texts.end() ? p.fallback : text->second);
}

Axis axis(const std::string& name, const std::vector<Json>& values) {
  Axis axis{{name}, {}};
  for (const Json& value : values) axis.rows.push_back({value});
  return axis;
}

/// random, small and scales are of training: the equations know informed and uninformed.
void refuse_training_starts(const Specification& axes) {
  for (const Axis& axis : axes)
    for (std::size_t i = 0; i < axis.names.size(); ++i)
      for (const auto& row : axis.rows)
        if (axis.names[i] == "start" && row[i] != "informed" && row[i] != "uninformed")
          throw InvalidInput("start", row[i].get<std::string>(), "needs one of informed, uninformed, both");
}

/// One ridge may be absent, where a loss alone has a minimum; two may not.
void refuse_zero(const std::vector<Json>& ridges) {
  for (const Json& r : ridges)
    if (r == 0) throw InvalidInput("ridge", "0", "needs finite numbers > 0");
}

/// Where there are two ridges, `ridge` stands for both.
Axis zipped(const Texts& zip, bool two_ridges) {
  Axis axis;
  for (const Parameter& p : parameters()) {
    if (!zip.contains(p.name)) continue;
    const auto column = values(p, zip);
    if (axis.names.empty()) axis.rows.resize(column.size());
    if (column.size() != axis.rows.size())
      throw InvalidInput(p.name, fmt::format("{} values", column.size()),
                         fmt::format("needs {}, as {} of this zip", axis.rows.size(), axis.names.front()));
    const bool both = p.name == "ridge" && two_ridges;
    if (both) refuse_zero(column);
    for (const auto& name : both ? std::vector<std::string>{"ridge_k", "ridge_v"} : std::vector{p.name}) {
      axis.names.push_back(name);
      for (std::size_t i = 0; i < column.size(); ++i) axis.rows[i].push_back(column[i]);
    }
  }
  return axis;
}

}  // namespace

Specification specification(const std::vector<std::string>& used, const Texts& texts,
                            const std::vector<Texts>& zips) {
  Specification axes;
  const auto zip_of = [&](const std::string& name) {
    return std::ranges::find_if(zips, [&](const Texts& zip) { return zip.contains(name); });
  };
  const auto given = [&](const std::string& name) {
    return texts.contains(name) || zip_of(name) != zips.end();
  };
  const bool two_ridges = std::ranges::find(used, "ridge_k") != used.end();
  const bool apart = given("ridge_k") || given("ridge_v");
  std::vector<const Texts*> placed;
  for (const Parameter& p : parameters()) {
    if (std::ranges::find(used, p.name) == used.end()) continue;
    if (const auto zip = zip_of(p.name); zip != zips.end()) {
      if (p.name == "ridge" && apart)
        throw InvalidInput("ridge", zip->at("ridge"), "needs no ridge_k or ridge_v beside it in a zip");
      if (std::ranges::find(placed, &*zip) == placed.end()) axes.push_back(zipped(*zip, two_ridges));
      placed.push_back(&*zip);
    } else if (p.name == "ridge" && two_ridges) {
      const auto both = values(p, texts);
      refuse_zero(both);
      if (apart && both.front() == "optimal")
        throw InvalidInput("ridge", "optimal", "needs no ridge_k or ridge_v beside it: it tunes both");
      if (texts.contains("ridge") && given("ridge_k") && given("ridge_v"))
        throw InvalidInput("ridge", texts.at("ridge"), "needs at most one of ridge_k and ridge_v beside it");
      if (apart) continue;
      axes.push_back({{"ridge_k", "ridge_v"}, {}});
      for (const Json& r : both) axes.back().rows.push_back({r, r});
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
  for (const Parameter& p : parameters())  // their order in the record, whatever that of the axes
    for (const Axis& axis : specification)
      if (std::ranges::find(axis.names, p.name) != axis.names.end()) list[0][p.name] = nullptr;
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
