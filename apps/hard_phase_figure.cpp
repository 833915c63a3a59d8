#include "figure.hpp"

namespace quenched::apps {
namespace {

FigurePart phase_part(const char* signal, const char* what) {
  return {.command = &phase_command,
          .parameters = {{"length", "6"}, {"signal", signal}, {"noise", "1e-4"}},
          .settings = {{"alpha", "0.5:5"}, {"tolerance", "1e-2"}, {what, ""}}};
}

}  // namespace

/// The hard phase of Bayes-optimal learning (appendix of arXiv:2509.21936).
const Figure hard_phase_figure = {
    .name = "hard-phase",
    .help = "the hard phase of Bayes-optimal learning at small alpha (arXiv:2509.21936)",
    .pictures = {{.name = "hard-phase",
                  .caption = "Bayes-optimal test error, spiked, L = 6, noise of variance 1e-4. Between "
                             "alpha_IT and the upper "
                             "spinodal it is there but out of reach of algorithms.",
                  .parts = {phase_part("0.5:4:12", "map")}},
                 {.name = "branches",
                  .caption = "The branches at signal 2, dashed where the fixed point repels the iteration.",
                  .axes = {.x = "alpha"},
                  .parts = {phase_part("2", "curve")}}}};

}  // namespace quenched::apps
