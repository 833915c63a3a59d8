#include <quenched/glm.hpp>
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

/// A ridge tuned by the theory: its optimum at infinite D.
double tuned(const Teacher& teacher, const Loss& loss, double alpha, Record& record) {
  const GlmOptimalRidge optimum = glm_optimal_ridge(teacher, loss, alpha);
  set_tuned_ridge(record, optimum);
  return optimum.ridge;
}

Record glm_simulate_record(const Point& point, const Settings& settings, const Record*) {
  const auto teacher = teacher_of(point);
  const auto loss = make_loss(point.at("loss").get<std::string>());
  const bool labels = teacher->info().labels;
  const double alpha = number_at(point, "alpha");
  Record record = point;
  const double ridge =
      point["ridge"] == "optimal" ? tuned(*teacher, *loss, alpha, record) : number_at(point, "ridge");
  const GlmSimulateResult r = glm_simulate({.teacher = teacher,
                                            .loss = loss,
                                            .dimension = point.at("dimension").get<int>(),
                                            .alpha = alpha,
                                            .ridge = ridge,
                                            .seeds = settings.seeds,
                                            .first_seed = settings.seed,
                                            .threads = settings.threads},
                                           settings.part_done);
  record["samples"] = r.samples;
  record["seeds"] = settings.seeds;
  record["seeds_converged"] = r.converged;
  record["measure"] = measure_of(*teacher);
  const auto overlaps = [](const GlmMeasurements& m) -> Json {
    return {{"m", json_of(m.m)}, {"q", json_of(m.q)}};
  };
  record.update(errors_of(r.mean, labels));
  record["excess_error"] = json_of(r.mean.test_error - least_test_error(*teacher));
  record["order_parameters"] = overlaps(r.mean);
  record["uncertainty"] = errors_of(r.standard_error, labels);
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
    .compute = glm_simulate_record,
    .check = check_trainable};

}  // namespace quenched::apps
