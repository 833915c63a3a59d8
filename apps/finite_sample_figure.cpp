#include "figure.hpp"

namespace quenched::apps {
namespace {

/// Theory, Bayes and training at finite D for one task.
std::vector<FigurePart> learning(const char* task, const char* signal, const char* ridge) {
  const Texts problem = {{"task", task}, {"length", "3"}, {"signal", signal}, {"noise", "0.25"}};
  const auto with = [&](Texts more) {
    more.insert(problem.begin(), problem.end());
    return more;
  };
  const std::string range = "0.5:20:12:log";
  return {{.command = &erm_command,
           .parameters = with({{"activation", "softmax,linear"}, {"ridge", ridge}, {"alpha", range}}),
           .settings = {{"tolerance", "1e-3"}}},
          {.command = &bayes_command,
           .parameters = with({{"alpha", range}}),
           .settings = {{"tolerance", "1e-3"}}},
          {.command = &simulate_command,
           .parameters = with({{"activation", "softmax,linear"},
                               {"ridge", ridge},
                               {"alpha", "1,2,5,10,20"},
                               {"dimension", "300"}}),
           .settings = {{"seeds", "8"}}}};
}

std::vector<FigurePart> all_tasks() {
  std::vector<FigurePart> parts = learning("spiked", "1,2", "1");
  for (FigurePart& part : learning("max", "inf", "0.3")) parts.push_back(std::move(part));
  return parts;
}

}  // namespace

/// The finite-sample figure of arXiv:2509.21936.
const Figure finite_sample_figure = {
    .name = "finite-sample",
    .help = "test error against alpha of softmax, linear and Bayes-optimal learning (arXiv:2509.21936)",
    .pictures = {{.name = "finite-sample",
                  .caption =
                      "L = 3, noise of variance 1/4, ridge 1 (spiked) and 0.3 (max). Lines: theory, dashed "
                      "where it is not to be trusted; markers: training at D = 300 by L-BFGS.",
                  .axes = {.x = "alpha", .panels = "task,signal"},
                  .parts = all_tasks()}}};

}  // namespace quenched::apps
