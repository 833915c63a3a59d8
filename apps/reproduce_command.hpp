#pragma once
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "figure.hpp"

namespace quenched::apps {

/// `quenched reproduce FIGURE`, a built-in one or a TOML file.
struct ReproduceInvocation {
  std::string figure, output;
  Texts settings;
  bool fast = false, show = false, quiet = false;
};
CLI::App* add_reproduce(CLI::App& app, ReproduceInvocation& invocation);
/// Prints where the pictures are and what they show, or the figure's TOML text.
void execute(const ReproduceInvocation& invocation);

/// Computes and draws: NAME.png, NAME.csv (what is drawn) and NAME.json (the records) in `folder` for each
/// picture, whole or absent. `settings` (threads) go to every part. Returns the text that execute() prints.
[[nodiscard]] std::string reproduce(const Figure& figure, const std::string& folder, const Texts& settings,
                                    bool quiet);

/// Adds test_error_over_limit where a Bayes-optimal record at the same point is among `records`: its test
/// error is the least that a convex loss and ridge reach (docs/glm.md, section 4).
void over_limit(std::vector<Record>& records);

}  // namespace quenched::apps
