#include <algorithm>
#include <quenched/dynamics.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/one_pass_sgd.hpp>

#include "beside.hpp"
#include "command.hpp"
#include "lists.hpp"
#include "overlaps_at.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// random, informed, random:0.25 (|k|^2 = |v|^2 = D/4), informed:0.25 (k = k*/2).
Overlaps start_overlaps(const std::string& text) {
  const auto parts = words(text, ':');
  const auto size = parts.size() == 2 ? numbers("start", parts[1]) : std::vector<double>{1};
  if (parts.size() > 2 || size.size() != 1 || !(size[0] >= 0 && std::isfinite(size[0])) ||
      (parts[0] != "random" && parts[0] != "informed"))
    throw InvalidInput("start", text, "needs random or informed, or with |k|^2/D = |v|^2/D as random:0.25");
  const double q = size[0], m = parts[0] == "informed" ? std::sqrt(q) : 0;
  return {.m_k = m, .q_k = q, .m_v = m, .q_v = q};
}

/// Runs the simulation at the times of the theory and puts it beside.
void add_simulation(std::vector<Record>& records, const Problem& problem,
                    const DynamicsSpecification& specification,
                    const std::shared_ptr<const Activation>& activation, const Settings& settings) {
  const auto simulated = one_pass_sgd({.problem = problem,
                                       .activation = activation,
                                       .dimension = settings.dimension,
                                       .learning_rate = specification.learning_rate,
                                       .ridge = specification.ridge,
                                       .start = specification.start,
                                       .times = specification.times,
                                       .seeds = settings.seeds,
                                       .first_seed = settings.seed,
                                       .threads = settings.threads},
                                      settings.part_done);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& [time, mean, error] = simulated[i];
    Json standard_error = {{"test_error", json_of(error.test_error)}};
    standard_error.update(json_of(static_cast<const Overlaps&>(error)));
    put_beside(records[i], {.dimension = settings.dimension,
                            .seeds = settings.seeds,
                            .mean = {{"test_error", json_of(mean.test_error)},
                                     {"order_parameters", json_of(static_cast<const Overlaps&>(mean))}},
                            .standard_error = standard_error,
                            .theory_errors = 3});
  }
}

Record state_record(const Record& answer, const DynamicsState& state) {
  Record record = answer;
  record["time"] = json_of(state.time);
  set_test_error(record, state.test_error);
  record["order_parameters"] = json_of(state.overlaps);
  const double off = state.overlaps.off_manifold(), error = state.uncertainty.overlaps.off_manifold();
  record["largest_cross_overlap"] = json_of(off);
  record["on_manifold"] = std::isnan(off) ? Json() : Json(off <= error);
  record["uncertainty"] = {{"test_error", json_of(state.uncertainty.test_error)}};
  record["uncertainty"].update(json_of(state.uncertainty.overlaps));
  record["uncertainty"]["largest_cross_overlap"] = json_of(error);
  record["certificate"] = json_of(state.certificate);
  return record;
}

Record dynamics_record(const Point& point, const Settings& settings, const Record*) {
  const Problem problem = problem_of(point);
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const Descent method = descent_named(point.at("method").get<std::string>());
  const DynamicsSpecification specification{
      .method = method,
      .learning_rate = number_at(point, "learning_rate"),
      .ridge = number_at(point, "ridge"),
      .start = settings.at.empty() ? start_overlaps(settings.start) : overlaps_at(settings.at),
      .times = settings.times.empty() ? numbers("time", "0.5:15:30") : settings.times};
  const DynamicsOptions options{.tolerance = settings.tolerance,
                                .points = settings.points,
                                .seed = settings.seed,
                                .threads = settings.threads};
  if (settings.dimension > 0 && method != Descent::sgd)
    throw InvalidInput("dimension", std::to_string(settings.dimension),
                       "needs --method sgd: a flow has no samples");
  if (settings.dimension > 0 && !std::isnan(settings.until))
    throw InvalidInput("dimension", std::to_string(settings.dimension), "needs no --until beside it");
  Record answer = point;
  if (method != Descent::sgd) answer.erase("learning_rate");
  answer["start"] = settings.at.empty() ? settings.start : settings.at;
  std::vector<Record> records;
  if (std::isnan(settings.until)) {
    for (const DynamicsState& state : dynamics(problem, *activation, specification, options))
      records.push_back(state_record(answer, state));
    if (settings.dimension > 0) add_simulation(records, problem, specification, activation, settings);
  } else {
    answer["until"] = settings.until;
    const DynamicsState state =
        first_time_below(settings.until, problem, *activation, specification, options);
    records.push_back(state_record(answer, state));
    records.back()["uncertainty"]["time"] = json_of(state.uncertainty.time);
  }
  answer["records"] = records;
  return answer;
}

std::vector<Record> dynamics_rows(const Record& record) {
  if (record.contains("simulation") || record["largest_cross_overlap"] != 0) return rows_beside(record);
  Record row = record;  // on the manifold: nothing to see
  row.erase("largest_cross_overlap"), row.erase("on_manifold");
  for (const char* name : {"m_kv", "m_vk", "q_kv"}) row["order_parameters"].erase(name);
  return {row};
}

void check_dynamics(const Point& point) {
  if (point["ridge"] == "optimal") throw InvalidInput("ridge", "optimal", "needs finite numbers >= 0 here");
  check_problem(point);
}

}  // namespace

const Command dynamics_command = {
    .name = "dynamics",
    .help = "one-pass SGD and population gradient flow in order-parameter space, beside a simulated run",
    .parameters = {"task", "length", "signal", "noise", "activation", "ridge", "method", "learning_rate"},
    .settings = {"time", "until", "start", "at", "dimension", "seed", "seeds", "tolerance", "points",
                 "threads"},
    .columns = {"until", "by", "time", "test_error", "order_parameters.m_k", "order_parameters.q_k",
                "order_parameters.m_v", "order_parameters.q_v", "order_parameters.m_kv",
                "order_parameters.m_vk", "order_parameters.q_kv", "largest_cross_overlap", "on_manifold",
                "certificate.verdict"},
    .compute = dynamics_record,
    .check = check_dynamics,
    .tolerance = 1e-3,
    .finish = answers_apart,  // a flow does not depend on the learning rate
    .rows = dynamics_rows};

}  // namespace quenched::apps
