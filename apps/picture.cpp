#include "picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <quenched/invalid_input.hpp>

#include "diagram.hpp"
#include "output_file.hpp"
#include "print.hpp"

namespace quenched::apps {
namespace {

/// Okabe and Ito's palette, told apart by colour-blind readers; yellow is too light for lines. Greys:
/// Bayes-optimal.
constexpr const char* palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};
constexpr const char* greys[] = {"#000000", "#777777", "#AAAAAA"};

const std::map<std::string, std::string> terminals = {
    {"png", "pngcairo"}, {"pdf", "pdfcairo"}, {"svg", "svg"}};

std::string suffix(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(dot + 1);
}

std::string literal(const std::string& text) {
  std::string result = "'";
  for (char c : text) {
    if (c == '\'') result += c;
    result += c;
  }
  return result += '\'';
}

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double x) {
    if (std::isfinite(x)) low = std::min(low, x), high = std::max(high, x);
  }
  [[nodiscard]] bool log() const { return low > 0 && high > 30 * low; }
  [[nodiscard]] std::string text(bool log_axis) const {
    if (log_axis) return fmt::format("[{}:{}]", low / 1.3, high * 1.3);
    const double room = high > low ? 0.05 * (high - low) : 0.5;
    return fmt::format("[{}:{}]", low - room, high + room);
  }
};

/// The abscissas grow by a factor rather than by a step.
bool geometric(const std::vector<Series>& list) {
  std::vector<double> x;
  for (const Series& s : list)
    for (const PlottedPoint& p : s.points) x.push_back(p.x);
  std::ranges::sort(x);
  x.erase(std::unique(x.begin(), x.end()), x.end());
  const auto n = x.size();
  return n > 2 && x[0] > 0 && x[n - 1] > 10 * x[0] && x[n - 1] - x[n - 2] > 5 * (x[1] - x[0]);
}

enum class Style { trusted, doubted, broken };

/// A segment is beyond replica symmetry when one of its ends is, else trusted when both are.
Style style_of(const PlottedPoint& a, const PlottedPoint& b) {
  if (a.broken || b.broken) return Style::broken;
  return a.trusted && b.trusted ? Style::trusted : Style::doubted;
}

/// Runs of a line whose segments are all of one style.
std::string segments(const std::vector<PlottedPoint>& points, Style style, double PlottedPoint::*y) {
  std::string text;
  bool open = false;  // the run goes on from the point before
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const auto &a = points[i], &b = points[i + 1];
    const bool wanted = style_of(a, b) == style && !std::isnan(a.*y) && !std::isnan(b.*y);
    if (wanted && !open) text += fmt::format("\n{} {}\n", a.x, a.*y);
    if (wanted) text += fmt::format("{} {}\n", b.x, b.*y);
    open = wanted;
  }
  return text;
}

std::string terminal(const std::string& suffix, double width, double height, const std::string& output) {
  const double inch = suffix == "pdf" ? 1.0 / 110 : 1;
  return fmt::format("set terminal {} noenhanced size {},{} font 'DejaVu Sans,{}' {}\nset output {}\n",
                     terminals.at(suffix), width * inch, height * inch, suffix == "pdf" ? 9 : 11,
                     suffix == "svg" ? "background 'white'" : "", literal(output));
}

/// A gnuplot script, assembled from data blocks and the plot commands that use them.
class Script {
 public:
  Script(std::vector<Series> list, Axes axes) : list_(std::move(list)), axes_(std::move(axes)) {
    for (const Series& s : list_) {
      add_new(panels_, s.panel);
      add_new(labels_, s.label);
      for (const PlottedPoint& p : s.points) {
        strip_ = strip_ || !std::isnan(p.eigenvalue);
        dashes_ = dashes_ || (!p.trusted && !p.broken && !s.simulated);
        broken_ = broken_ || p.broken;
        y_.add(p.y), x_.add(p.x), eigenvalue_.add(p.eigenvalue);
        if (p.error < std::abs(p.y)) y_.add(p.y - p.error), y_.add(p.y + p.error);
      }
      markers_ = markers_ || s.simulated;
    }
  }

  [[nodiscard]] std::string text(const std::string& suffix, const std::string& output) {
    const double width = 60 + (panels_.size() == 1 ? 560 : 420) * double(panels_.size());
    std::string plots = key();
    for (std::size_t i = 0; i < panels_.size(); ++i) plots += main_panel(i) + (strip_ ? strip_panel(i) : "");
    return terminal(suffix, width, strip_ ? 560 : 440, output) + data_ + "set multiplot\n" + plots;
  }

 private:
  static void add_new(std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }

  [[nodiscard]] std::string colour(const std::string& label) const {
    const bool bayes = label.starts_with("Bayes");
    const auto end = std::ranges::find(labels_, label);
    const auto before = std::count_if(labels_.begin(), end,
                                      [&](const std::string& l) { return l.starts_with("Bayes") == bayes; });
    return bayes ? greys[before % std::size(greys)] : palette[before % std::size(palette)];
  }

  /// Nothing to plot when there are no data.
  std::string plot(const std::string& data, const std::string& style) {
    if (data.empty()) return "";
    data_ += fmt::format("$d{} << EOD\n{}EOD\n", blocks_, data);
    return fmt::format(", $d{} {} notitle", blocks_++, style);
  }

  std::string margins(std::size_t panel, double bottom, double top) const {
    const double left = 85 / (60 + (panels_.size() == 1 ? 560 : 420) * double(panels_.size()));
    const double step = (0.985 - left) / double(panels_.size());
    return fmt::format(
        "set lmargin at screen {}\nset rmargin at screen {}\nset bmargin at screen {}\n"
        "set tmargin at screen {}\n",
        left + step * double(panel), left + step * double(panel + 1) - 0.02, bottom, top);
  }

  std::string lines(const Series& s, double PlottedPoint::*y) {
    const std::string style = fmt::format("with lines lw 2 lc '{}'", colour(s.label));
    return plot(segments(s.points, Style::trusted, y), style) +
           plot(segments(s.points, Style::doubted, y), style + " dt (8,5)") +
           plot(segments(s.points, Style::broken, y), style + " dt (10,4,2,4)");
  }

  std::string main_panel(std::size_t panel) {
    std::string plots;
    for (const Series& s : list_) {
      if (s.panel != panels_[panel]) continue;
      std::string marks, band;
      const double visible = 0.005 * (y_.high - y_.low);
      for (const PlottedPoint& p : s.points) {
        if (s.simulated || s.points.size() == 1)
          marks += fmt::format("{} {} {}\n", p.x, p.y, std::isnan(p.error) ? 0 : p.error);
        if (!s.simulated && p.error > visible)
          band += fmt::format("{} {} {}\n", p.x, p.y - p.error, p.y + p.error);
      }
      const std::string c = colour(s.label);
      if (!s.simulated)
        plots += plot(band, fmt::format("with filledcurves fs transparent solid 0.2 noborder lc '{}'", c)) +
                 lines(s, &PlottedPoint::y);
      plots +=
          plot(marks, fmt::format("with yerrorbars pt {} ps 0.7 lw 1.3 lc '{}'", s.simulated ? 7 : 2, c));
    }
    return margins(panel, strip_ ? 0.37 : 0.13, 0.83) +
           fmt::format("set xrange {}\nset yrange {}\n", x_.text(geometric(list_)), y_.text(y_.log())) +
           fmt::format("{}set logscale x\n", geometric(list_) ? "" : "un") +
           fmt::format("{}set logscale y\n", y_.log() ? "" : "un") +
           fmt::format("set title {} offset 0,-0.6\n", literal(panels_[panel])) +
           fmt::format("set xlabel {}\n", strip_ ? "''" : literal(axis_title(axes_.x, axes_.measure))) +
           fmt::format("set ylabel {} offset 0,0\nset format y '{}'\n",
                       panel == 0 ? literal(axis_title(axes_.y, axes_.measure)) : "''",
                       panel == 0 ? "%g" : "") +
           fmt::format("set format x '{}'\n", strip_ ? "" : "%g") + "plot NaN notitle" + plots + "\n";
  }

  /// The eigenvalue that decides about replica symmetry; the line at 1 is where it fails.
  std::string strip_panel(std::size_t panel) {
    std::string plots;
    for (const Series& s : list_)
      if (s.panel == panels_[panel] && !s.simulated) plots += lines(s, &PlottedPoint::eigenvalue);
    return margins(panel, 0.13, 0.33) +
           fmt::format("unset title\nunset logscale y\nset yrange [0:{}]\n",
                       std::clamp(1.1 * eigenvalue_.high, 1.2, 3.0)) +
           fmt::format("set xlabel {}\nset ylabel {} offset 0,0\nset format x '%g'\nset ytics 1\n",
                       literal(axis_title(axes_.x, axes_.measure)), panel == 0 ? "'stability'" : "''") +
           "plot 1 with lines lc '#666666' dt (2,3) notitle" + plots + "\nset ytics autofreq\n";
  }

  /// A plot of its own along the top, as wide as the picture: gnuplot wraps a key to the width of its plot.
  [[nodiscard]] std::string key() const {
    std::string entries;
    for (const std::string& label : labels_)
      entries += fmt::format(", keyentry with lines lw 2 lc '{}' title {}", colour(label), literal(label));
    if (dashes_) entries += ", keyentry with lines lw 2 lc '#666666' dt (8,5) title 'theory not trusted'";
    if (broken_)
      entries += ", keyentry with lines lw 2 lc '#666666' dt (10,4,2,4) title 'beyond replica symmetry'";
    if (markers_) entries += ", keyentry with points pt 7 ps 0.7 lc '#666666' title 'simulation'";
    return "set lmargin at screen 0.02\nset rmargin at screen 0.98\nset bmargin at screen 0.89\n"
           "set tmargin at screen 0.99\nunset border\nunset tics\nset key center center horizontal samplen "
           "2\n"
           "set xrange [0:1]\nset yrange [0:1]\nplot NaN notitle" +
           entries +
           "\nset border 3\nset xtics nomirror\nset ytics nomirror\nset grid lc '#dddddd' lt 1\nunset key\n";
  }

  std::vector<Series> list_;
  Axes axes_;
  std::vector<std::string> panels_, labels_;
  bool strip_ = false, dashes_ = false, broken_ = false, markers_ = false;
  Range x_, y_, eigenvalue_;
  std::string data_;
  int blocks_ = 0;
};

std::vector<Record> data(const std::vector<Series>& list, const Axes& axes) {
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
  const std::string temporary = temporary_name(path);
  std::string script;
  std::vector<Record> drawn;
  if (is_diagram(records)) {
    const Diagram map = diagram(records);
    script = terminal(suffix(path), 720, 520, temporary) + diagram_script(records, map);
    drawn = diagram_data(map);
  } else {
    const auto list = series(records, axes);
    script = Script(list, axes).text(suffix(path), temporary);
    drawn = data(list, axes);
  }
  std::FILE* gnuplot = popen("gnuplot 2>/dev/null", "w");
  const bool sent = gnuplot && std::fwrite(script.data(), 1, script.size(), gnuplot) == script.size();
  std::error_code ignored;
  if (!gnuplot || pclose(gnuplot) != 0 || !sent || !std::filesystem::exists(temporary, ignored)) {
    std::filesystem::remove(temporary, ignored);
    throw std::runtime_error(path + ": gnuplot could not draw it");
  }
  move_into_place(temporary, path);
  write_whole(data_beside(path), csv_text(drawn));
}

}  // namespace quenched::apps
