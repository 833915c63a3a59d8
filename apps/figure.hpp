#pragma once
#include "request.hpp"
#include "series.hpp"

namespace quenched::apps {

struct Picture {
  std::string name, caption = {};  // of its files; for the reader
  Axes axes = {};
  std::vector<Request> parts = {};  // without zips
  bool over_limit = false;          // adds test_error_over_limit to the records (see over_limit())
};

/// A figure of a paper: pictures of what the computing commands give.
struct Figure {
  std::string name, help;
  std::vector<Picture> pictures;
};

/// A file of data/figures/, as the program holds it.
struct BuiltInFigure {
  const char *name, *text;
};
/// By name.
[[nodiscard]] const std::vector<BuiltInFigure>& built_in_figures();

/// What the TOML text says, checked to the last value; `path` is for errors. Throws WrongFile.
[[nodiscard]] Figure figure_of(const std::string& text, const std::string& name, const std::string& path);

/// A quarter of the points of every range, a quarter of the seeds, a tolerance of 1e-2.
[[nodiscard]] Figure coarser(Figure figure);

/// The TOML text of a built-in figure, or of a file whose name ends in .toml. Throws InvalidInput (key
/// `FIGURE`) for another name, listing the known ones, and WrongFile for a file that cannot be read.
[[nodiscard]] std::string figure_text(const std::string& figure);

/// The figure of that text; a file's is called as the file without .toml.
[[nodiscard]] Figure figure_named(const std::string& figure);

}  // namespace quenched::apps
