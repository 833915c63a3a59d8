#include "figure.hpp"

namespace quenched::apps {
namespace {

FigurePart population_part(const char* task, const char* length, const char* signal) {
  return {.command = &population_command,
          .parameters = {{"task", task},
                         {"length", length},
                         {"signal", signal},
                         {"activation", "linear,erf,softplus,softmax"}},
          .settings = {{"tolerance", "1e-3"}}};
}

}  // namespace

/// The population figure of arXiv:2509.21936: infinite alpha.
const Figure population_figure = {
    .name = "population",
    .help = "risk at infinite alpha of four activations against the signal (arXiv:2509.21936)",
    .pictures = {
        {.name = "population",
         .caption = "Excess risk at infinite alpha, minimised over the overlaps and erf's offset. Softmax is "
                    "Bayes-optimal: it is normalised and grows exponentially. Softplus is normalised only; "
                    "linear and erf are neither.",
         .axes = {.x = "signal", .y = "excess_error", .panels = "task,length", .lacking = true},
         .parts = {population_part("spiked", "2", "0.1:30:33:log"),
                   population_part("max", "2", "0.1:30:33:log"),
                   population_part("max", "1,2,3", "0.1:30:33:log")}}}};

}  // namespace quenched::apps
