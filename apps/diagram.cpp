#include "diagram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "series.hpp"

namespace quenched::apps {
namespace {

constexpr int alpha_cells = 160;  // cells along alpha

std::string kind_of(const Record& record) { return record.value("kind", ""); }

/// A state on a curve of fixed points.
struct State {
  double alpha, test_error, free_entropy;
  bool stable;
};

/// The error at alpha of the stable state with the larger free entropy, between neighbours on the curve.
double error_at(const std::vector<State>& curve, double alpha) {
  double error = NAN, largest = -INFINITY;
  for (std::size_t i = 0; i + 1 < curve.size(); ++i) {
    const State &a = curve[i], &b = curve[i + 1];
    if (!a.stable || !b.stable || (alpha - a.alpha) * (alpha - b.alpha) > 0 || a.alpha == b.alpha) continue;
    const double t = std::log(alpha / a.alpha) / std::log(b.alpha / a.alpha);
    const double entropy = a.free_entropy + t * (b.free_entropy - a.free_entropy);
    if (entropy > largest) largest = entropy, error = a.test_error + t * (b.test_error - a.test_error);
  }
  return error;
}

std::map<double, std::vector<State>> states_over(const std::vector<Record>& records, const std::string& x) {
  std::map<double, std::vector<State>> curves;
  for (const Record& record : records)
    if (kind_of(record) == "fixed_point")
      curves[number_at(record, x)].push_back({number_at(record, "alpha"), number_at(record, "test_error"),
                                              number_at(record, "free_entropy"),
                                              record.value("branch", "") != "unstable"});
  return curves;
}

/// The parameter that takes the most values, two or more; else empty.
std::string most_varied(const std::vector<Record>& records) {
  std::string best;
  std::size_t most = 1;
  for (const char* name : {"signal", "noise", "length"}) {
    std::set<double> values;
    for (const Record& record : records)
      if (record.contains(name) && record[name].is_number()) values.insert(number_at(record, name));
    if (values.size() > most) best = name, most = values.size();
  }
  return best;
}

/// Half way to the neighbours.
std::pair<double, double> extent(const std::vector<double>& values, std::size_t i) {
  const double below = i > 0 ? (values[i] - values[i - 1]) / 2 : NAN,
               above = i + 1 < values.size() ? (values[i + 1] - values[i]) / 2 : NAN;
  return {values[i] - (std::isnan(below) ? above : below), values[i] + (std::isnan(above) ? below : above)};
}

/// Black with a white rim, which shows on every colour; the lines of ERM in vermilion.
std::string style_of_line(const std::string& name, int of_erm) {
  if (name == "lower spinodal") return "lc 'black' dt (2,4)";
  if (name == "α_IT") return "lc 'black'";
  if (name == "upper spinodal") return "lc 'black' dt (9,4)";
  return fmt::format("lc '{}' dt {}", of_erm % 2 == 0 ? "#D55E00" : "#CC79A7", 1 + of_erm / 2);
}

}  // namespace

bool is_diagram(const std::vector<Record>& records) {
  const auto has = [&](bool fixed) {
    return std::ranges::any_of(records, [&](const Record& r) {
      return fixed ? kind_of(r) == "fixed_point" : !kind_of(r).empty() && kind_of(r) != "fixed_point";
    });
  };
  return has(true) && has(false) && !most_varied(records).empty();
}

Diagram diagram(const std::vector<Record>& records) {
  Diagram result{most_varied(records), {}};
  const auto curves = states_over(records, result.x);
  double low = 0, high = INFINITY;  // where every curve goes
  std::vector<double> across;
  for (const auto& [x, curve] : curves) {
    across.push_back(x);
    const auto [least, largest] = std::ranges::minmax(curve, {}, &State::alpha);
    low = std::max(low, least.alpha), high = std::min(high, largest.alpha);
  }
  const double factor = std::pow(high / low, 1.0 / alpha_cells);
  for (std::size_t i = 0; i < across.size() && across.size() > 1; ++i)
    for (int j = 0; j < alpha_cells; ++j) {
      const double from = low * std::pow(factor, j), alpha = from * std::sqrt(factor);
      const auto [x_low, x_high] = extent(across, i);
      result.cells.push_back(
          {across[i], x_low, x_high, alpha, from, from * factor, error_at(curves.at(across[i]), alpha)});
    }
  return result;
}

std::vector<DiagramLine> diagram_lines(const std::vector<Record>& records, const Diagram& diagram) {
  std::vector<DiagramLine> lines;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const double x = number_at(records[i], diagram.x);
    if (!is_threshold(records[i]) || std::isnan(number_at(records[i], "alpha")) || std::isnan(x)) continue;
    const std::string name = name_of_threshold(records[i]);
    auto it = std::ranges::find(lines, name, &DiagramLine::name);
    if (it == lines.end()) it = lines.insert(lines.end(), {name, {}});
    it->records[x] = i;
  }
  return lines;
}

std::vector<DiagramRegion> diagram_regions(const std::vector<Record>& records, const Diagram& diagram) {
  const auto lines = diagram_lines(records, diagram);
  const auto crossing = std::ranges::find(lines, "α_IT", &DiagramLine::name),
             upper = std::ranges::find(lines, "upper spinodal", &DiagramLine::name);
  if (crossing == lines.end() || upper == lines.end()) return {};
  const double low = std::ranges::min(diagram.cells, {}, &DiagramCell::alpha_low).alpha_low,
               high = std::ranges::max(diagram.cells, {}, &DiagramCell::alpha_high).alpha_high;
  const auto at = [&](std::size_t i) { return number_at(records[i], "alpha"); };
  std::vector<DiagramRegion> regions;
  const auto put = [&](const char* name, double x, double from, double to) {
    if (std::log(to / from) > 0.06 * std::log(high / low)) regions.push_back({name, x, std::sqrt(from * to)});
  };
  const auto middle = std::next(crossing->records.begin(), long(crossing->records.size()) / 2);
  put("impossible", middle->first, low, at(middle->second));
  const auto& columns = crossing->records;
  const auto inner = columns.size() > 2 ? 1 : 0;  // the name would cross the frame at an end
  const auto widest = std::ranges::max_element(
      std::next(columns.begin(), inner), std::prev(columns.end(), inner), {}, [&](const auto& p) {
        const auto above = upper->records.find(p.first);
        return above == upper->records.end() ? 0 : at(above->second) / at(p.second);
      });
  if (const auto above = upper->records.find(widest->first); above != upper->records.end())
    put("hard", widest->first, at(widest->second), at(above->second));
  if (const auto above = upper->records.find(middle->first); above != upper->records.end())
    put("easy", middle->first, at(above->second), high);
  return regions;
}

std::string diagram_script(const std::vector<Record>& records, const Diagram& diagram) {
  std::string data = "$cells << EOD\n", plots, titles;
  double low = INFINITY, high = -INFINITY, left = INFINITY, right = -INFINITY;
  for (const DiagramCell& c : diagram.cells) {
    low = std::min(low, c.alpha_low), high = std::max(high, c.alpha_high);
    const double above = c.alpha_high + 0.5 * (c.alpha_high - c.alpha_low),  // no seams
        beyond = c.x_high + 0.02 * (c.x_high - c.x_low);
    left = std::min(left, c.x_low), right = std::max(right, c.x_high);
    if (!std::isnan(c.test_error))
      data += fmt::format("{} {} {} {} {} {} {}\n", c.x, c.alpha, c.x_low, beyond, c.alpha_low, above,
                          c.test_error);
  }
  data += "EOD\n";
  int block = 0, of_erm = 0;
  for (const auto& [name, places] : diagram_lines(records, diagram)) {
    data += fmt::format("$line{} << EOD\n", block);
    for (const auto& [x, i] : places) {
      const double error = number_at(records[i], "uncertainty");
      data += fmt::format("{} {} {}\n", x, number_at(records[i], "alpha"), std::isnan(error) ? 0 : error);
    }
    data += "EOD\n";
    const std::string style = style_of_line(name, of_erm);
    of_erm += style.find("black") == std::string::npos;
    const std::string colour = style.substr(0, style.find(" dt"));
    plots += fmt::format(
        ", $line{0} with lines lw 5 lc 'white' notitle, $line{0} with lines lw 2 {1} title '{2}', "
        "$line{0} with yerrorbars pt 7 ps 0.3*point lw 1.3 {3} notitle",
        block++, style, name, colour);
  }
  std::string regions = "set style textbox opaque noborder fillcolor '#ffffff' margins 0.6,0.4\n";
  for (const auto& [name, x, alpha] : diagram_regions(records, diagram))
    regions += fmt::format("set label '{}' at {},{} center front boxed\n", name, x, alpha);
  return data +
         "set palette defined (0 '#00204D', 0.25 '#31446B', 0.5 '#7C7B78', 0.75 '#BBAF71', 1 '#FFEA46')\n" +
         (high > 12 * low ? "set logscale y\n" : "") +
         fmt::format("set xrange [{}:{}]\nset yrange [{}:{}]\n", left, right, low, high) +
         fmt::format("set xlabel '{}'\nset ylabel '{}' offset 1,0\nset cblabel '{}' offset 1,0\n",
                     axis_title(diagram.x, ""), axis_title("alpha", ""), "Bayes-optimal test error") +
         "set key outside top center horizontal samplen 3\nset tics out nomirror\nset format y '%g'\n" +
         regions + "plot $cells using 1:2:3:4:5:6:7 with boxxyerror fill solid noborder fc palette notitle" +
         plots + "\n";
}

std::vector<Record> diagram_data(const Diagram& diagram) {
  std::vector<Record> data;
  for (const DiagramCell& c : diagram.cells)
    data.push_back({{diagram.x, c.x}, {"alpha", c.alpha}, {"test_error", json_of(c.test_error)}});
  return data;
}

}  // namespace quenched::apps
