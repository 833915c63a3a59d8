#include "figure.hpp"

namespace quenched::apps {
namespace {

FigurePart descent(const char* activation, const char* rate) {
  return {
      .command = &dynamics_command,
      .parameters = {{"signal", "4"}, {"activation", activation}, {"learning_rate", rate}, {"ridge", "0.1"}},
      .settings = {{"time", "1:40:40"}, {"start", "random:0.25"}, {"dimension", "400"}, {"seeds", "8"}}};
}

}  // namespace

/// One-pass SGD of softmax and linear attention, theory and run (the SGD experiments on single-location
/// regression).
const Figure sgd_figure = {
    .name = "sgd",
    .help = "one-pass SGD of softmax, softplus and linear attention against time",
    .pictures = {
        {.name = "sgd",
         .caption =
             "Spiked, L = 2, signal 4, learning rate 0.2, ridge 0.1, start without overlap. Lines: the "
             "equations of the seven overlaps; markers: D = 400, 8 seeds.",
         .axes = {.x = "time"},
         .parts = {descent("softmax,softplus,linear", "0.2")}}}};

}  // namespace quenched::apps
