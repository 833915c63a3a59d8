#pragma once
#include "command.hpp"
#include "series.hpp"
#include "specification.hpp"

namespace quenched::apps {

/// A part of a picture's records: a command and what a user would type after it.
struct FigurePart {
  const Command* command;
  Texts parameters, settings;
};

struct Picture {
  std::string name, caption;  // of its files; for the reader
  Axes axes;
  std::vector<FigurePart> parts;
  bool over_limit = false;  // adds test_error_over_limit to the records (see over_limit())
};

/// A figure of a paper: pictures of what the computing commands give.
struct Figure {
  std::string name, help;
  std::vector<Picture> pictures;
};

extern const Figure finite_sample_figure, glm_limits_figure, hard_phase_figure, population_figure, sgd_figure;

/// A quarter of the points of every range, a quarter of the seeds, a tolerance of 1e-2.
[[nodiscard]] Figure coarser(Figure figure);

/// In the order of the help.
[[nodiscard]] const std::vector<const Figure*>& figures();

/// Throws InvalidInput (key `figure`) for an unknown name, listing the known ones.
[[nodiscard]] const Figure& figure_named(const std::string& name);

}  // namespace quenched::apps
