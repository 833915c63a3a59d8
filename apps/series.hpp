#pragma once
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// What to draw: y against x, a panel for each value of `panels` (none when empty; several parameters as
/// task,length). Empty x: the parameter that takes the most values.
struct Axes {
  std::string x, y = "test_error", panels;
  std::string measure = "E(y − f)²";  // of the test error, as the records say
  bool lacking = false;               // labels say which property an activation lacks
};

struct PlottedPoint {
  double x, y, error;
  double eigenvalue;  // stability; NaN when there is none
  bool trusted;
  bool broken;       // beyond replica symmetry
  double symmetric;  // what replica symmetry says there; y where it is what is drawn
  std::string verdict;
};

/// A line of theory or the markers of a simulation; both have the same label where they are about the same
/// thing.
struct Series {
  std::string panel, label;
  bool simulated;
  std::vector<PlottedPoint> points;  // by x
};

/// Records of theory or of simulation alone: a comparison is both, a population risk comes with the Bayes
/// risk.
struct TakenApart {
  std::vector<Record> records;
  std::vector<std::size_t> sources;  // the place of the record that each was taken from
};
[[nodiscard]] TakenApart taken_apart(const std::vector<Record>& records);

/// The axes with x and y filled in where they are empty or the default and the records ask for others.
[[nodiscard]] Axes axes_for(const std::vector<Record>& taken_apart, Axes axes);

/// The parameters that take several values and make an abscissa.
[[nodiscard]] std::vector<std::string> abscissas(const std::vector<Record>& taken_apart);

/// Records about one thing, by axes.x: the places of those that have a finite one.
struct Curve {
  std::string panel, label;
  bool simulated;
  std::vector<std::size_t> records;
};
[[nodiscard]] std::vector<Curve> curves_over(const std::vector<Record>& taken_apart, const Axes& axes);

/// Whether a line through it is solid: its verdict is `trusted`, or it has none and is not an unstable
/// branch.
[[nodiscard]] bool drawn_as_trusted(const Record& record);
/// A threshold in alpha (spinodal, stability line): alpha is what was found.
[[nodiscard]] bool is_threshold(const Record& record);

/// A vertical line at an alpha.
struct Threshold {
  std::string kind, name;  // as records say it; for a person
  double alpha, error;
};

/// Takes the thresholds out of `records` where they lie along the alpha axis of curves: sets axes.x then.
[[nodiscard]] std::vector<Threshold> thresholds(std::vector<Record>& records, Axes& axes);

/// Fills axes.x. Throws InvalidInput when nothing can be drawn.
[[nodiscard]] std::vector<Series> series(const std::vector<Record>& records, Axes& axes);

/// alpha -> α: how a person writes a parameter.
[[nodiscard]] std::string symbol(const std::string& name);
/// A threshold of a record of `quenched phase`, of this kind, with the activation that it is about.
[[nodiscard]] std::string threshold_name(const Record& record, const std::string& kind);
/// The same with the kind in words: upper spinodal, softmax.
[[nodiscard]] std::string name_of_threshold(const Record& record);
/// test_error -> test error E(y − f)², with `measure` of what.
[[nodiscard]] std::string axis_title(const std::string& name, const std::string& measure);

}  // namespace quenched::apps
