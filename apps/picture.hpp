#pragma once
#include "series.hpp"

namespace quenched::apps {

/// Before a long computation: throws InvalidInput (key, path, rule) when the suffix is not svg, png or pdf,
/// or the picture or its data cannot be written; std::runtime_error when there is no gnuplot.
void check_picture(const std::string& key, const std::string& path);

/// Draws the records by gnuplot and writes what is drawn beside it, with the suffix .csv. Theory is a line,
/// solid where trusted and dashed where not, simulation markers with standard errors, below a strip for the
/// stability eigenvalue. Throws std::runtime_error where there are no records.
void draw(const std::vector<Record>& records, Axes axes, const std::string& path);

/// fig.png -> fig.csv.
[[nodiscard]] std::string data_beside(const std::string& path);

}  // namespace quenched::apps
