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

std::map<double, std::vector<State>> curves_over(const std::vector<Record>& records, const std::string& x) {
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

/// Names in the middle of the regions, where they are wide enough.
std::string region_names(const std::map<std::string, std::map<double, double>>& lines, double low,
                         double high) {
  const auto crossing = lines.find("α_IT"), upper = lines.find("upper spinodal");
  if (crossing == lines.end() || upper == lines.end()) return "";
  std::string text = "set style textbox opaque noborder fillcolor '#ffffff' margins 0.6,0.4\n";
  const auto put = [&](const char* name, double x, double from, double to) {
    if (std::log(to / from) > 0.06 * std::log(high / low))
      text += fmt::format("set label '{}' at {},{} center front boxed\n", name, x, std::sqrt(from * to));
  };
  const auto middle = std::next(crossing->second.begin(), long(crossing->second.size()) / 2);
  put("impossible", middle->first, low, middle->second);
  const auto& columns = crossing->second;
  const bool inner = columns.size() > 2;  // the name would cross the frame at an end
  const auto widest =
      std::max_element(inner ? std::next(columns.begin()) : columns.begin(),
                       inner ? std::prev(columns.end()) : columns.end(), [&](const auto& a, const auto& b) {
                         const auto width = [&](const auto& p) {
                           const auto at = upper->second.find(p.first);
                           return at == upper->second.end() ? 0 : at->second / p.second;
                         };
                         return width(a) < width(b);
                       });
  if (const auto at = upper->second.find(widest->first); at != upper->second.end())
    put("hard", widest->first, widest->second, at->second);
  if (const auto at = upper->second.find(middle->first); at != upper->second.end())
    put("easy", middle->first, at->second, high);
  return text;
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
  const auto curves = curves_over(records, result.x);
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

std::string diagram_script(const std::vector<Record>& records, const Diagram& diagram) {
  std::map<std::string, std::map<double, double>> lines, errors;
  std::vector<std::string> order;
  for (const Record& record : records) {
    const double alpha = number_at(record, "alpha"), x = number_at(record, diagram.x);
    if (kind_of(record) == "fixed_point" || std::isnan(alpha) || std::isnan(x)) continue;
    const std::string name = name_of_threshold(record);
    if (!lines.contains(name)) order.push_back(name);
    lines[name][x] = alpha;
    errors[name][x] = record["uncertainty"].is_number() ? record["uncertainty"].get<double>() : 0;
  }
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
  for (const std::string& name : order) {
    data += fmt::format("$line{} << EOD\n", block);
    for (const auto& [x, alpha] : lines[name]) data += fmt::format("{} {} {}\n", x, alpha, errors[name][x]);
    data += "EOD\n";
    const std::string style = style_of_line(name, of_erm);
    of_erm += style.find("black") == std::string::npos;
    const std::string colour = style.substr(0, style.find(" dt"));
    plots += fmt::format(
        ", $line{0} with lines lw 5 lc 'white' notitle, $line{0} with lines lw 2 {1} title '{2}', "
        "$line{0} with yerrorbars pt 7 ps 0.3*point lw 1.3 {3} notitle",
        block++, style, name, colour);
  }
  return data +
         "set palette defined (0 '#00204D', 0.25 '#31446B', 0.5 '#7C7B78', 0.75 '#BBAF71', 1 '#FFEA46')\n" +
         (high > 12 * low ? "set logscale y\n" : "") +
         fmt::format("set xrange [{}:{}]\nset yrange [{}:{}]\n", left, right, low, high) +
         fmt::format("set xlabel '{}'\nset ylabel '{}' offset 1,0\nset cblabel '{}' offset 1,0\n",
                     axis_title(diagram.x, ""), axis_title("alpha", ""), "Bayes-optimal test error") +
         "set key outside top center horizontal samplen 3\nset tics out nomirror\nset format y '%g'\n" +
         region_names(lines, low, high) +
         "plot $cells using 1:2:3:4:5:6:7 with boxxyerror fill solid noborder fc palette notitle" + plots +
         "\n";
}

std::vector<Record> diagram_data(const Diagram& diagram) {
  std::vector<Record> data;
  for (const DiagramCell& c : diagram.cells)
    data.push_back({{diagram.x, c.x}, {"alpha", c.alpha}, {"test_error", json_of(c.test_error)}});
  return data;
}

}  // namespace quenched::apps
