#pragma once
#include <CLI/App.hpp>

#include "series.hpp"

namespace quenched::apps {

/// `quenched plot FILES --output fig.png`.
struct PlotInvocation {
  std::vector<std::string> files;
  std::string output;
  Axes axes;
};
CLI::App* add_plot(CLI::App& app, PlotInvocation& invocation);
void execute(const PlotInvocation& invocation);

}  // namespace quenched::apps
