#include "curve_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quenched::apps {
namespace {

/// Okabe and Ito's palette, told apart by colour-blind readers; yellow is too light for lines. Greys:
/// Bayes-optimal.
constexpr const char* palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};
constexpr const char* greys[] = {"#000000", "#777777", "#AAAAAA"};

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double x) {
    if (std::isfinite(x)) low = std::min(low, x), high = std::max(high, x);
  }
  [[nodiscard]] bool log() const { return low > 0 && high > 30 * low; }
  /// With room at both ends.
  [[nodiscard]] Range wider(bool log_axis) const {
    if (log_axis) return {low / 1.3, high * 1.3};
    const double room = high > low ? 0.05 * (high - low) : 0.5;
    return {low - room, high + room};
  }
  [[nodiscard]] std::string text() const { return fmt::format("[{}:{}]", low, high); }
  /// 0 to 1 from end to end.
  [[nodiscard]] double place(double x, bool log_axis) const {
    return log_axis ? std::log(x / low) / std::log(high / low) : (x - low) / (high - low);
  }
};

/// 1, 2, 5, 10, ... where powers of ten alone would be few.
std::string log_tics(const Range& range) {
  if (range.high > 200 * range.low) return "autofreq";
  std::string tics;
  for (double decade = std::pow(10, std::floor(std::log10(range.low))); decade < range.high; decade *= 10)
    for (const double step : {1, 2, 5})
      if (step * decade >= range.low && step * decade <= range.high)
        tics += fmt::format("{}{:g}", tics.empty() ? "" : ",", step * decade);
  return "(" + tics + ")";
}

/// How many characters there are in UTF-8, about.
std::size_t width_of(const std::string& text) {
  return std::size_t(std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

/// Moves `places`, in ascending order, apart to `gap` and into [0, 1], by little.
std::vector<double> spread(std::vector<double> places, double gap) {
  for (std::size_t i = 1; i < places.size(); ++i) places[i] = std::max(places[i], places[i - 1] + gap);
  double most = 1;
  for (std::size_t i = places.size(); i-- > 0; most = places[i] - gap) places[i] = std::min(places[i], most);
  return places;
}

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
constexpr const char* symmetric_dashes = " lw 1 dt (6,5)";

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

constexpr double letter = 11, line = 27;  // pixels

/// A gnuplot script, assembled from data blocks and the plot commands that use them.
class Script {
 public:
  Script(std::vector<Series> list, std::vector<Threshold> thresholds, Axes axes)
      : list_(std::move(list)), thresholds_(std::move(thresholds)), axes_(std::move(axes)) {
    for (const Series& s : list_) {
      add_new(panels_, s.panel);
      add_new(labels_, s.label);
      for (const PlottedPoint& p : s.points) {
        strip_ = strip_ || !std::isnan(p.eigenvalue);
        dashes_ = dashes_ || (!p.trusted && !p.broken && !s.simulated && !p.verdict.empty());
        broken_ = broken_ || p.broken;
        symmetric_ = symmetric_ || (p.broken && !std::isnan(p.symmetric));
        y_.add(p.y), y_.add(p.symmetric), x_.add(p.x), eigenvalue_.add(p.eigenvalue);
        if (p.error < std::abs(p.y)) y_.add(p.y - p.error), y_.add(p.y + p.error);
      }
      markers_ = markers_ || s.simulated;
    }
    x_log_ = geometric(list_), y_log_ = y_.log();
    x_ = x_.wider(x_log_), y_ = y_.wider(y_log_);
    put_labels_at_ends();
  }

  [[nodiscard]] PictureScript script() {
    const double panel = panels_.size() == 1 ? std::max(620 - left - right_, 380.0) : 400;
    width_ = left + panel * double(panels_.size()) + right_;
    height_ = strip_ ? 600 : 460;
    const std::string key = this->key();
    std::string plots;
    for (std::size_t i = 0; i < panels_.size(); ++i) plots += main_panel(i) + (strip_ ? strip_panel(i) : "");
    return {width_, height_, data_ + "set multiplot\n" + key + plots};
  }

 private:
  static constexpr double left = 112;  // pixels: the numbers and the title of y

  static void add_new(std::vector<std::string>& names, const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }

  /// Names the curves at their right ends in the last panel, where all are there, end there and have short
  /// names; the key names them otherwise.
  void put_labels_at_ends() {
    std::vector<std::pair<double, std::string>> ends;
    for (const std::string& label : labels_) {
      const PlottedPoint* last = nullptr;
      for (const Series& s : list_)
        if (s.panel == panels_.back() && s.label == label && (!last || !s.simulated)) last = &s.points.back();
      if (!last || x_.place(last->x, x_log_) < 0.9 || width_of(label) > 24) return;
      ends.emplace_back(y_.place(last->y, y_log_), label);
    }
    if (ends.size() > 8) return;
    std::ranges::sort(ends);
    std::vector<double> places;
    places.reserve(ends.size());
    for (const auto& [place, label] : ends) places.push_back(place);
    places = spread(std::move(places), 0.075);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      ends_.emplace_back(places[i], ends[i].second);
      right_ = std::max(right_, 24 + letter * double(width_of(ends[i].second)));
    }
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
    const double first = left / width_, step = (1 - first - right_ / width_) / double(panels_.size());
    return fmt::format(
        "set lmargin at screen {}\nset rmargin at screen {}\nset bmargin at screen {}\n"
        "set tmargin at screen {}\n",
        first + step * double(panel), first + step * double(panel + 1) - 18 / width_, bottom, top);
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
        plots += plot(segments(s.points, Style::broken, &PlottedPoint::symmetric),
                      fmt::format("with lines lc '{}'{}", c, symmetric_dashes)) +
                 plot(band, fmt::format("with filledcurves fs transparent solid 0.2 noborder lc '{}'", c)) +
                 lines(s, &PlottedPoint::y);
      plots += plot(marks,
                    fmt::format("with yerrorbars pt {} ps 0.8*point lw 1.5 lc '{}'", s.simulated ? 7 : 2, c));
    }
    const bool last = panel + 1 == panels_.size();
    return margins(panel, strip_ ? 0.38 : bottom(), top_) + threshold_lines() +
           (last ? names_at_ends() : "") +
           fmt::format("set xrange {}\nset yrange {}\n", x_.text(), y_.text()) +
           fmt::format("{}set logscale x\nset xtics {}\n", x_log_ ? "" : "un",
                       x_log_ ? log_tics(x_) : "autofreq") +
           fmt::format("{}set logscale y\nset ytics {}\n", y_log_ ? "" : "un",
                       y_log_ ? log_tics(y_) : "autofreq") +
           fmt::format("set title {} offset 0,-0.6\n", literal(panels_[panel])) +
           fmt::format("set xlabel {}\n", strip_ ? "''" : literal(axis_title(axes_.x, axes_.measure))) +
           fmt::format("set ylabel {} offset 0,0\nset format y '{}'\n",
                       panel == 0 ? literal(axis_title(axes_.y, axes_.measure)) : "''",
                       panel == 0 ? "%g" : "") +
           fmt::format("set format x '{}'\n", strip_ ? "" : "%g") + "plot NaN notitle" + plots +
           "\nunset arrow\nunset label\nunset object\n";
  }

  /// The eigenvalue that decides about replica symmetry; the line at 1 is where it fails.
  std::string strip_panel(std::size_t panel) {
    std::string plots;
    for (const Series& s : list_)
      if (s.panel == panels_[panel] && !s.simulated) plots += lines(s, &PlottedPoint::eigenvalue);
    return margins(panel, bottom(), 0.34) +
           fmt::format("unset title\nunset logscale y\nset yrange [0:{}]\n",
                       std::clamp(1.1 * eigenvalue_.high, 1.2, 3.0)) +
           fmt::format("set xlabel {}\nset ylabel {} offset 0,0\nset format x '%g'\nset ytics 1\n",
                       literal(axis_title(axes_.x, axes_.measure)), panel == 0 ? "'stability'" : "''") +
           "plot 1 with lines lc '#666666' dt (2,3) notitle" + plots + "\n";
  }

  [[nodiscard]] double bottom() const { return 72 / height_; }

  [[nodiscard]] std::string names_at_ends() const {
    std::string text;
    for (const auto& [place, label] : ends_)
      text +=
          fmt::format("set label {} at graph 1.02,{} left tc '{}'\n", literal(label), place, colour(label));
    return text;
  }

  /// Vertical lines with their names along them; what lies between alpha_IT and the upper spinodal is hard.
  [[nodiscard]] std::string threshold_lines() const {
    std::string text;
    double from = NAN, to = NAN;
    for (const Threshold& t : thresholds_) {
      if (t.kind == "alpha_IT") from = t.alpha;
      if (t.kind == "upper_spinodal") to = t.alpha;
      text += fmt::format(
          "set arrow from {0},graph 0 to {0},graph 1 nohead lw 1.5 lc '#666666' dt (2,3) back\n"
          "set label {1} at {0},graph 0.98 right rotate by 90 offset -0.9,0 tc '#444444'\n",
          t.alpha, literal(t.name));
    }
    if (!std::isnan(from) && !std::isnan(to))
      text += fmt::format(
          "set object rectangle from {},graph 0 to {},graph 1 fc '#E69F00' fs transparent solid 0.15 "
          "noborder "
          "behind\nset label 'hard' at {},graph 0.04 center tc '#444444'\n",
          from, to, x_log_ ? std::sqrt(from * to) : (from + to) / 2);
    return text;
  }

  /// A plot of its own along the top, as wide as the picture: gnuplot wraps a key to the width of its plot.
  [[nodiscard]] std::string key() {
    std::string entries;
    std::size_t count = 0, widest = 0;
    const auto add = [&](const std::string& style, const std::string& title) {
      entries += fmt::format(", keyentry with {} title {}", style, literal(title));
      widest = std::max(widest, width_of(title)), ++count;
    };
    if (ends_.empty() && labels_.size() > (dashes_ || markers_ ? 0 : 1))
      for (const std::string& label : labels_)
        add(fmt::format("lines lw 2 lc '{}'{}", colour(label),
                        label.find("unstable") != std::string::npos ? " dt (8,5)" : ""),
            label);
    if (dashes_) add("lines lw 2 lc '#666666' dt (8,5)", "theory not trusted");
    if (broken_) add("lines lw 2 lc '#666666' dt (10,4,2,4)", "beyond replica symmetry");
    if (symmetric_)
      add(fmt::format("lines lc '#666666'{}", symmetric_dashes), "what replica symmetry says there");
    if (markers_) add("points pt 7 ps 0.8*point lc '#666666'", "simulation");
    const double entry = 1.15 * letter * double(widest) + 90;  // as gnuplot has it, or more
    const auto columns = std::size_t(std::max(1.0, std::floor(0.96 * width_ / entry)));
    const double rows = std::ceil(double(count) / double(columns));
    height_ += line * std::max(0.0, rows - 2);
    const double depth = (line * rows + 6) / height_;
    const bool titled = std::ranges::any_of(panels_, [](const std::string& panel) { return !panel.empty(); });
    top_ = 1 - (count > 0 ? depth : 0) - (titled ? 36 : 14) / height_;
    return fmt::format(
               "set lmargin at screen 0.02\nset rmargin at screen 0.98\nset bmargin at screen {}\n"
               "set tmargin at screen 0.995\nunset border\nunset tics\nset key center center horizontal "
               "maxcols {} samplen 2\nset xrange [0:1]\nset yrange [0:1]\n",
               0.995 - depth, columns) +
           (count > 0 ? "plot NaN notitle" + entries + "\n" : "") +
           "set border 3\nset xtics nomirror\nset ytics nomirror\nset grid lc '#dddddd' lt 1\nunset key\n";
  }

  std::vector<Series> list_;
  std::vector<Threshold> thresholds_;
  Axes axes_;
  std::vector<std::string> panels_, labels_;
  std::vector<std::pair<double, std::string>> ends_;  // places of labels from bottom to top
  bool strip_ = false, dashes_ = false, broken_ = false, symmetric_ = false, markers_ = false, x_log_ = false,
       y_log_ = false;
  Range x_, y_, eigenvalue_;
  double width_ = 0, height_ = 0, right_ = 8, top_ = 1;
  std::string data_;
  int blocks_ = 0;
};

}  // namespace

std::string literal(const std::string& text) {
  std::string result = "'";
  for (char c : text) {
    if (c == '\'') result += c;
    result += c;
  }
  return result += '\'';
}

PictureScript curve_script(const std::vector<Series>& list, const std::vector<Threshold>& thresholds,
                           const Axes& axes) {
  return Script(list, thresholds, axes).script();
}

}  // namespace quenched::apps
