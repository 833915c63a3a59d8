#include <quenched/glm.hpp>

#include "command.hpp"
#include "glm_problem.hpp"
#include "problem.hpp"

namespace quenched::apps {

static Json json_of(const GlmFigures& f) {
  return {{"m", json_of(f.m)}, {"q", json_of(f.q)}, {"V", json_of(f.V)}};
}

namespace {

GlmResult solved(Record& record, const Teacher& teacher, const Loss& loss, const Settings& settings,
                 const Record* neighbour) {
  const double alpha = number_at(record, "alpha");
  GlmOptions options{.tolerance = settings.tolerance, .from = {}};
  if (neighbour && number_at(*neighbour, "ridge") > 0)
    options.from = Eigen::Vector3d(number_at(*neighbour, "order_parameters.m"),
                                   number_at(*neighbour, "order_parameters.q"),
                                   number_at(*neighbour, "order_parameters.V"));
  if (record["ridge"] != "optimal") return glm(teacher, loss, alpha, number_at(record, "ridge"), options);
  std::optional<double> from;
  if (neighbour) from = number_at(*neighbour, "ridge");
  const GlmOptimalRidge tuned = glm_optimal_ridge(teacher, loss, alpha, options, from);
  set_tuned_ridge(record, tuned);
  return tuned.result;
}

Record glm_record(const Point& point, const Settings& settings, const Record* neighbour) {
  const auto teacher = teacher_of(point);
  const bool labels = teacher->info().labels;
  Record record = point;
  const bool bayes = settings.bayes || point["loss"] == "bayes";
  if (bayes) record["loss"] = "bayes", record.erase("ridge");
  const GlmResult r =
      bayes ? glm_bayes(*teacher, number_at(point, "alpha"), {.tolerance = settings.tolerance, .from = {}})
            : solved(record, *teacher, *make_loss(point["loss"].get<std::string>()), settings, neighbour);
  record["measure"] = measure_of(*teacher);
  record.update(errors_of(r, labels, !bayes));
  record["excess_error"] = json_of(r.test_error - least_test_error(*teacher));
  record["order_parameters"] = json_of(r);
  record["uncertainty"] = errors_of(r.uncertainty, labels, !bayes);
  record["uncertainty"].update(json_of(r.uncertainty));
  if (!bayes)
    record["threshold"] = {{"kind", r.threshold.kind}, {"alpha", json_of_parameter(r.threshold.alpha)}};
  record["certificate"] = json_of(r.certificate);
  return record;
}

}  // namespace

const Command glm_command = {
    .name = "glm",
    .help = "generalised linear models: ridge-regularised losses and the Bayes-optimal estimator",
    .parameters = {"teacher", "strength", "noise", "alpha", "loss", "ridge"},
    .settings = {"tolerance", "integration", "threads", "bayes"},
    .columns = {"test_error", "sign_error", "train_error", "order_parameters.m", "order_parameters.q",
                "order_parameters.V", "certificate.stability_eigenvalue", "certificate.verdict"},
    .compute = glm_record,
    .check = check_glm,
    .continues = true};

}  // namespace quenched::apps
