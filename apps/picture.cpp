#include "picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <quenched/invalid_input.hpp>

#include "curve_script.hpp"
#include "diagram.hpp"
#include "output_file.hpp"
#include "print.hpp"

namespace quenched::apps {
namespace {

/// Letters and points come out of the same size beside pixels.
struct Terminal {
  const char* end;  // of a file that is whole
  const char* name;
  double inches;  // of a pixel: 182 are an inch on paper, and 620 a column of a journal
  int letters;
  double point;
  const char* more;
};
const std::map<std::string, Terminal> terminals = {
    {"png", {"IEND", "pngcairo", 1, 15, 1, ""}},
    {"pdf", {"%%EOF", "pdfcairo", 1.0 / 182, 8, 0.4, ""}},
    {"svg", {"</svg>", "svg", 1, 17, 0.65, "background 'white'"}}};

std::string suffix(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(dot + 1);
}

std::string terminal(const std::string& suffix, double width, double height, const std::string& output) {
  const Terminal& t = terminals.at(suffix);
  return fmt::format(
      "set terminal {} noenhanced size {},{} font 'DejaVu Sans,{}' {}\nset output {}\npoint = {}\nset "
      "pointintervalbox point\n",
      t.name, width * t.inches, height * t.inches, t.letters, t.more, literal(output), t.point);
}

/// gnuplot says nothing where the disk is full.
bool whole(const std::string& picture, const char* end) {
  std::ifstream file(picture, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  const auto at = text.rfind(end);
  return at != std::string::npos && text.size() - at < 64;
}

std::vector<Record> data(const std::vector<Series>& list, const std::vector<Threshold>& thresholds,
                         const Axes& axes) {
  std::vector<Record> rows;
  for (const Series& s : list)
    for (const PlottedPoint& p : s.points) {
      Record row = {{"panel", s.panel}, {"series", s.label}, {"kind", s.simulated ? "simulation" : "theory"}};
      row[axes.x] = json_of(p.x);
      row[axes.y] = json_of(p.y);
      row["uncertainty"] = json_of(p.error);
      row["verdict"] = p.verdict.empty() ? Json(nullptr) : Json(p.verdict);
      row["stability_eigenvalue"] = json_of(p.eigenvalue);
      rows.push_back(row);
    }
  for (const Threshold& t : thresholds)
    rows.push_back(
        {{"series", t.kind}, {"kind", "threshold"}, {"alpha", t.alpha}, {"uncertainty", json_of(t.error)}});
  return rows;
}

}  // namespace

std::string data_beside(const std::string& path) {
  return path.substr(0, path.size() - suffix(path).size()) + "csv";
}

void check_picture(const std::string& key, const std::string& path) {
  if (!terminals.contains(suffix(path)))
    throw InvalidInput(key, path, "needs a name that ends in .svg, .png or .pdf");
  check_writable(key, path);
  check_writable(key, data_beside(path));
  if (std::system("command -v gnuplot >/dev/null 2>&1") != 0)
    throw std::runtime_error("gnuplot is not installed (package gnuplot-nox)");
}

void draw(const std::vector<Record>& records, Axes axes, const std::string& path) {
  if (records.empty()) throw std::runtime_error(path + ": there are no records to draw");
  const std::string temporary = temporary_name(path);
  std::string script;
  std::vector<Record> drawn;
  if (is_diagram(records)) {
    const Diagram map = diagram(records);
    script = terminal(suffix(path), 760, 560, temporary) + diagram_script(records, map);
    drawn = diagram_data(map);
  } else {
    std::vector<Record> curves = records;
    const auto lines = thresholds(curves, axes);
    const auto list = series(curves, axes);
    const auto [width, height, text] = curve_script(list, lines, axes);
    script = terminal(suffix(path), width, height, temporary) + text;
    drawn = data(list, lines, axes);
  }
  std::FILE* gnuplot = popen("gnuplot 2>/dev/null", "w");
  const bool sent = gnuplot && std::fwrite(script.data(), 1, script.size(), gnuplot) == script.size();
  std::error_code ignored;
  if (!gnuplot || pclose(gnuplot) != 0 || !sent || !std::filesystem::exists(temporary, ignored)) {
    std::filesystem::remove(temporary, ignored);
    throw std::runtime_error(path + ": gnuplot could not draw it");
  }
  if (!whole(temporary, terminals.at(suffix(path)).end)) {
    std::filesystem::remove(temporary, ignored);
    throw std::runtime_error(path + ": gnuplot could not write all of it (is the disk full?)");
  }
  move_into_place(temporary, path);
  write_whole(data_beside(path), csv_text(drawn));
}

}  // namespace quenched::apps
