#pragma once
#include <map>
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// Whether the records are those of `quenched phase --map`: fixed points beside thresholds, over one
/// parameter more.
[[nodiscard]] bool is_diagram(const std::vector<Record>& records);

/// A cell of the diagram: the Bayes-optimal error at the branch of larger free entropy.
struct DiagramCell {
  double x, x_low, x_high, alpha, alpha_low, alpha_high, test_error;
};
/// The parameter across, by name, and the cells over it and alpha. Throws InvalidInput unless one parameter
/// takes two values or more.
struct Diagram {
  std::string x;
  std::vector<DiagramCell> cells;
};
/// Of records that are a diagram.
[[nodiscard]] Diagram diagram(const std::vector<Record>& records);

/// A threshold over the parameter across: the places of its records, by that parameter.
struct DiagramLine {
  std::string name;
  std::map<double, std::size_t> records;
};
/// In the order in which the records name them.
[[nodiscard]] std::vector<DiagramLine> diagram_lines(const std::vector<Record>& records,
                                                     const Diagram& diagram);

/// impossible, hard, easy: the name of a region and where it stands.
struct DiagramRegion {
  std::string name;
  double x, alpha;
};
/// Those that are wide enough for their name.
[[nodiscard]] std::vector<DiagramRegion> diagram_regions(const std::vector<Record>& records,
                                                         const Diagram& diagram);

/// gnuplot's commands after the terminal: the error as colour, regions named, thresholds as lines with their
/// uncertainties.
[[nodiscard]] std::string diagram_script(const std::vector<Record>& records, const Diagram& diagram);

/// What is drawn as colour, a row a cell.
[[nodiscard]] std::vector<Record> diagram_data(const Diagram& diagram);

}  // namespace quenched::apps
