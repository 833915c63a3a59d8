#include <quenched/glm_simulate.hpp>
#include <quenched/invalid_input.hpp>

#include "command.hpp"
#include "glm_problem.hpp"

namespace quenched::apps {
namespace {

void check_trainable(const Point& point) {
  if (point["loss"] == "bayes")
    throw InvalidInput("loss", "bayes", "needs a loss that can be trained: square, absolute, ...");
  if (point["ridge"] == 0) throw InvalidInput("ridge", "0", "needs finite numbers > 0 for training");
  check_glm(point);
}

Record compute(const Point& point, const Settings& settings, const Record*) {
  const auto teacher = teacher_of(point);
  const bool labels = teacher->info().labels;
  const GlmSimulateResult r = glm_simulate({.teacher = teacher,
                                            .loss = make_loss(point.at("loss").get<std::string>()),
                                            .dimension = point.at("dimension").get<int>(),
                                            .alpha = number_at(point, "alpha"),
                                            .ridge = number_at(point, "ridge"),
                                            .seeds = settings.seeds,
                                            .first_seed = settings.seed,
                                            .threads = settings.threads},
                                           settings.part_done);
  Record record = point;
  record["samples"] = r.samples;
  record["seeds"] = settings.seeds;
  record["seeds_converged"] = r.converged;
  record["measure"] = measure_of(*teacher);
  const auto errors = [&](const GlmMeasurements& m) {
    Json json = {{"test_error", json_of(m.test_error)}};
    if (labels) json["sign_error"] = json_of(m.sign_error);
    json["train_error"] = json_of(m.train_error);
    json["train_loss"] = json_of(m.train_loss);
    json["energy"] = json_of(m.energy);
    return json;
  };
  const auto overlaps = [](const GlmMeasurements& m) -> Json {
    return {{"m", json_of(m.m)}, {"q", json_of(m.q)}};
  };
  record.update(errors(r.mean));
  record["order_parameters"] = overlaps(r.mean);
  record["uncertainty"] = errors(r.standard_error);
  record["uncertainty"].update(overlaps(r.standard_error));
  return record;
}

}  // namespace

const Command glm_simulate_command = {
    .name = "glm-simulate",
    .help =
        "Monte Carlo of `glm` at finite D: samples data, trains, reports means and standard errors over "
        "seeds",
    .parameters = {"teacher", "strength", "noise", "alpha", "loss", "ridge", "dimension"},
    .settings = {"seed", "seeds", "threads"},
    .columns = {"test_error", "sign_error", "train_error", "order_parameters.m", "order_parameters.q",
                "seeds_converged"},
    .compute = compute,
    .check = check_trainable};

}  // namespace quenched::apps
