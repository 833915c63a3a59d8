#include "figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <quenched/invalid_input.hpp>

#include "lists.hpp"
#include "wrong_file.hpp"

namespace quenched::apps {
namespace {

/// `lo:hi:n` and `lo:hi:n:log` with fewer values, at least 4 (2 where there were fewer).
std::string coarser_ranges(const std::string& text) {
  std::vector<std::string> list = words(text);
  for (std::string& word : list) {
    auto parts = words(word, ':');
    if (parts.size() < 3 || word.starts_with("kernel:") || word.starts_with("elementwise:")) continue;
    const long n = std::stol(parts[2]);
    parts[2] = fmt::format("{}", std::max(n / 4, std::min(n, 4L)));
    word = fmt::format("{}", fmt::join(parts, ":"));
  }
  return fmt::format("{}", fmt::join(list, ","));
}

}  // namespace

Figure coarser(Figure figure) {
  for (Picture& picture : figure.pictures)
    for (Request& part : picture.parts) {
      for (auto& [name, text] : part.parameters) text = coarser_ranges(text);
      if (const auto seeds = part.settings.find("seeds"); seeds != part.settings.end())
        seeds->second =
            fmt::format("{}", std::min(std::stol(seeds->second), std::max(2L, std::stol(seeds->second) / 4)));
      if (const auto tolerance = part.settings.find("tolerance"); tolerance != part.settings.end())
        tolerance->second = fmt::format("{}", std::max(1e-2, std::stod(tolerance->second)));
    }
  return figure;
}

std::string figure_text(const std::string& figure) {
  if (figure.ends_with(".toml")) return toml_text(figure);
  std::string known;
  for (const BuiltInFigure& built_in : built_in_figures()) {
    if (built_in.name == figure) return built_in.text;
    known += built_in.name + std::string(", ");
  }
  throw InvalidInput("FIGURE", figure, "needs one of " + known + "or a file, NAME.toml");
}

Figure figure_named(const std::string& figure) {
  return figure_of(figure_text(figure), std::filesystem::path(figure).stem().string(), figure);
}

}  // namespace quenched::apps
