#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "diagram.hpp"
#include "parameters.hpp"
#include "series.hpp"
#include "typed.hpp"

namespace quenched::apps {

#ifdef QUENCHED_REPORT
extern const std::string_view report_page;  // written by apps/report/build.mjs
#endif

namespace {

bool is_parameter(const std::string& name) {
  return std::ranges::find(parameters(), name, &Parameter::name) != parameters().end();
}

/// The names of the numbers that are no parameters, dotted, in the order in which the records show them.
std::vector<std::string> quantities(const std::vector<Record>& records) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name, const Json& value) {
    if (value.is_number() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const Record& record : records) {
    if (is_threshold(record)) add("alpha", record.value("alpha", Json()));
    if (found_parameter(record) == "time") add("time", record.value("time", Json()));
    for (const auto& [name, value] : record.items()) {
      if (is_parameter(name) || name == "seeds" || name == "seeds_converged" || name == "samples") continue;
      add(name, value);
      if (name != "order_parameters" && name != "derivatives" && name != "certificate") continue;
      for (const auto& [inner, number] : value.items()) add(name + "." + inner, number);
    }
  }
  return names;
}

Json diagram_json(const std::vector<Record>& records) {
  if (!is_diagram(records)) return nullptr;
  const Diagram map = diagram(records);
  Json x = Json::array(), alpha = Json::array(),
       errors = Json::array();  // edges of the cells, rows over alpha
  for (const DiagramCell& cell : map.cells) {
    if (x.empty() || cell.x_low > x.back()) x.push_back(cell.x_low);
    if (x.size() == 1) alpha.push_back(cell.alpha_low), errors.push_back(Json::array());
  }
  if (map.cells.empty()) return nullptr;
  x.push_back(map.cells.back().x_high), alpha.push_back(map.cells.back().alpha_high);
  for (std::size_t i = 0; i < map.cells.size(); ++i)
    errors[i % errors.size()].push_back(json_of(map.cells[i].test_error));
  Json lines = Json::array(), regions = Json::array();
  for (const auto& [name, places] : diagram_lines(records, map)) {
    lines.push_back({{"name", name}, {"records", Json::array()}});
    for (const auto& [unused, i] : places) lines.back()["records"].push_back(i);
  }
  for (const auto& [name, at, height] : diagram_regions(records, map))
    regions.push_back({{"name", name}, {"x", at}, {"alpha", height}});
  return {{"x", map.x},       {"x_edges", x},   {"alpha_edges", alpha},
          {"errors", errors}, {"lines", lines}, {"regions", regions}};
}

Json curves_json(const std::vector<Record>& records, const std::string& x) {
  Json list = Json::array();
  for (const Curve& curve : curves_over(records, {.x = x}))
    list.push_back({{"label", curve.label}, {"simulated", curve.simulated}, {"records", curve.records}});
  return list;
}

}  // namespace

Json report_data(const std::vector<Record>& all, const std::vector<std::string>& files) {
  const auto [records, sources] = taken_apart(all);
  const Axes axes = axes_for(records, {});
  auto over = abscissas(records);
  if (std::ranges::find(over, axes.x) == over.end()) over.insert(over.begin(), axes.x);

  Json data = {{"program", "quenched " QUENCHED_VERSION},
               {"files", files},
               {"x", axes.x},
               {"y", axes.y},
               {"parameters", Json::array()},
               {"quantities", Json::array()},
               {"curves", Json::object()},
               {"diagram", diagram_json(records)},
               {"records", Json::array()},
               {"sources", Json::array()}};
  for (const Parameter& p : parameters())
    if (std::ranges::any_of(records, [&](const Record& record) { return record.contains(p.name); }))
      data["parameters"].push_back(
          {{"name", p.name}, {"symbol", symbol(p.name)}, {"title", axis_title(p.name, "")}});
  for (const std::string& name : quantities(records))
    data["quantities"].push_back({{"name", name}, {"title", axis_title(name, axes.measure)}});
  for (const std::string& x : over) data["curves"][x] = curves_json(records, x);
  for (std::size_t i = 0; i < records.size(); ++i)
    data["records"].push_back({{"values", records[i]},
                               {"source", sources[i]},
                               {"trusted", drawn_as_trusted(records[i])},
                               {"threshold", is_threshold(records[i])}});
  for (const Record& record : all) {
    const Json noted = record.value("provenance", Json::object());
    data["sources"].push_back({{"again", typed_again(record)}, {"noted", noted.value("arguments", "")}});
  }
  return data;
}

std::string report_html([[maybe_unused]] const Json& data) {
#ifdef QUENCHED_REPORT
  std::string text;
  // no tag can begin, or end, inside the data
  for (const char c : data.dump(-1, ' ', false, Json::error_handler_t::replace))
    text += c == '<' ? "\\u003c" : std::string(1, c);
  constexpr std::string_view mark = "@DATA@";
  const auto at = report_page.find(mark);
  return fmt::format("{}{}{}", report_page.substr(0, at), text, report_page.substr(at + mark.size()));
#else
  throw std::runtime_error(
      "this program was built without the page of reports: install npm and build again (docs/report.md)");
#endif
}

}  // namespace quenched::apps
