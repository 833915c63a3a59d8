#include <limits>
#include <map>
#include <quenched/invalid_input.hpp>
#include <quenched/landscape.hpp>

#include "command.hpp"
#include "overlaps_at.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// The risk at the overlaps of --at.
void add_risk_at(Record& record, const Problem& problem, const Activation& activation,
                 const Settings& settings) {
  const Overlaps overlaps = overlaps_at(settings.at);
  const Excess risk = population_risk(problem, activation, overlaps,
                                      {.tolerance = settings.tolerance, .threads = settings.threads});
  set_test_error(record, risk.value);
  record["order_parameters"] = json_of(overlaps);
  record["uncertainty"] = {{"test_error", json_of(risk.error)}};
  Certificate c{.converged = true, .residual = 0, .integration_error = risk.error};
  judge(c, {.reached = true, .error = risk.error, .tolerance = settings.tolerance});
  record["certificate"] = json_of(c);
}

/// The least over all seven overlaps; its verdict is the record's, where the restricted minimum is trusted.
void add_landscape(Record& record, const Problem& problem, const Activation& activation,
                   const Settings& settings) {
  const Landscape l = landscape(problem, activation,
                                {.tolerance = settings.tolerance,
                                 .starts = settings.starts,
                                 .seed = settings.seed,
                                 .threads = settings.threads});
  record["landscape"] = {{"test_error", json_of(l.test_error)},
                         {"gain", json_of(l.gain)},
                         {"gap_to_bayes", json_of(l.test_error - l.bayes_risk)},
                         {"on_manifold", !l.leaves},
                         {"infimum", l.infimum},
                         {"order_parameters", json_of(l.overlaps)},
                         {"restricted_error", json_of(l.on_manifold)},
                         {"starts", l.starts},
                         {"reached", l.reached},
                         {"uncertainty",
                          {{"test_error", json_of(l.uncertainty.test_error)},
                           {"gain", json_of(l.uncertainty.gain)},
                           {"gap_to_bayes", json_of(l.uncertainty.test_error + l.uncertainty.bayes_risk)},
                           {"restricted_error", json_of(l.uncertainty.on_manifold)}}},
                         {"certificate", json_of(l.certificate)}};
  const double error = number_at(record, "uncertainty.test_error") + l.uncertainty.on_manifold;
  if (l.on_manifold < number_at(record, "test_error") - 2 * error) {
    record["certificate"]["verdict"] = name_of(Verdict::not_converged);
    record["certificate"]["advice"] =
        "Many starts find a lower minimum on the manifold too: take that of `landscape`.";
  }
  if (trusted(record))
    for (const char* name : {"verdict", "advice"})
      record["certificate"][name] = record["landscape"]["certificate"][name];
}

Record population_record(const Point& point, const Settings& settings, const Record*) {
  const Problem problem = problem_of(point);
  const auto activation = make_activation(point.at("activation").get<std::string>());
  Record record = point;
  if (!settings.at.empty()) {
    if (settings.landscape) throw InvalidInput("at", settings.at, "needs no --landscape beside it");
    add_risk_at(record, problem, *activation, settings);
    return record;
  }
  const PopulationResult r =
      population(problem, *activation, {.tolerance = settings.tolerance, .threads = settings.threads});
  record["test_error"] = json_of(r.test_error);
  record["excess_error"] = json_of(r.excess.value);
  if (std::isfinite(r.excess.log) && r.excess.value < std::numeric_limits<double>::min())
    record["log_excess_error"] = r.excess.log;
  record["bayes_risk"] = json_of(r.bayes_risk);
  record["bayes_excess"] = json_of(r.bayes_excess.value);
  record["infimum"] = r.infimum;
  if (std::isfinite(r.parameter)) record["parameter"] = r.parameter;
  record["order_parameters"] = {
      {"m_k", json_of(r.m_k)}, {"q_k", json_of(r.q_k)}, {"m_v", json_of(r.m_v)}, {"q_v", json_of(r.q_v)}};
  record["uncertainty"] = {{"test_error", json_of(r.uncertainty.test_error)},
                           {"excess_error", json_of(r.excess.error)},
                           {"bayes_risk", json_of(r.uncertainty.bayes_risk)},
                           {"bayes_excess", json_of(r.bayes_excess.error)}};
  if (record.contains("log_excess_error"))
    record["uncertainty"]["log_excess_error"] = json_of(r.excess.log_error);
  const ActivationInfo& info = activation->info();
  record["lacks"] = std::string(info.normalised ? "" : "normalisation") +
                    (info.normalised || info.exponential ? "" : ", ") +
                    (info.exponential ? "" : "exponential growth");
  record["certificate"] = json_of(r.certificate);
  if (settings.landscape) {
    const bool tuned = activation->info().tunable;
    const auto member =
        tuned ? make_activation(activation->info().name + ":" + std::to_string(r.parameter)) : activation;
    add_landscape(record, problem, *member, settings);
  }
  return record;
}

/// With --landscape a second row: the least over all seven overlaps.
std::vector<Record> population_rows(const Record& record) {
  if (!record.contains("landscape")) return {record};
  const Json& landscape = record["landscape"];
  Record four = record, seven = record;
  four["over"] = "four overlaps", seven["over"] = "all seven";
  four.erase("certificate");  // the verdict is on the second row
  seven["test_error"] = landscape["test_error"];
  seven["excess_error"] = json_of(number_at(landscape, "test_error") - number_at(record, "noise"));
  seven["gain"] = landscape["gain"];
  seven["order_parameters"] = landscape["order_parameters"];
  seven["uncertainty"].update(landscape["uncertainty"]);
  seven["uncertainty"]["excess_error"] = landscape["uncertainty"]["test_error"];
  seven.erase("log_excess_error");
  return {four, seven};
}

}  // namespace

const Command population_command = {
    .name = "population",
    .help = "risk at infinite alpha, minimised over the overlaps, beside the Bayes risk",
    .parameters = {"task", "length", "signal", "noise", "activation"},
    .settings = {"tolerance", "integration", "threads", "at", "landscape", "starts", "seed"},
    .columns = {"over", "test_error", "excess_error", "log_excess_error", "bayes_risk", "gain",
                "order_parameters.m_k", "order_parameters.q_k", "order_parameters.m_v",
                "order_parameters.q_v", "order_parameters.m_kv", "order_parameters.m_vk",
                "order_parameters.q_kv", "certificate.verdict"},
    .compute = population_record,
    .check = check_problem,
    .rows = population_rows};

}  // namespace quenched::apps
