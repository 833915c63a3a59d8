#include <limits>
#include <map>
#include <quenched/invalid_input.hpp>
#include <quenched/population.hpp>

#include "command.hpp"
#include "lists.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// `m_k=1,q_k=2,m_v=1,q_v=1.2` by name.
std::map<std::string, double> overlaps_at(const std::string& text) {
  const auto refuse = [&](const char* rule) { return InvalidInput("at", text, rule); };
  std::map<std::string, double> overlaps = {{"m_k", NAN}, {"q_k", NAN}, {"m_v", NAN}, {"q_v", NAN},
                                            {"m_kv", 0},  {"m_vk", 0},  {"q_kv", 0}};
  for (const std::string& word : words(text)) {
    const auto equal = word.find('=');
    const auto it = overlaps.find(word.substr(0, equal));
    if (equal == std::string::npos || it == overlaps.end())
      throw refuse("needs m_k=1,q_k=2,m_v=1,q_v=1.2 and, if wanted, m_kv=, m_vk=, q_kv=");
    const auto value = numbers("at", word.substr(equal + 1));
    if (value.size() != 1 || !std::isfinite(value[0])) throw refuse("needs finite numbers");
    it->second = value[0];
  }
  for (const char* name : {"m_k", "q_k", "m_v", "q_v"})
    if (std::isnan(overlaps[name])) throw refuse("needs m_k, q_k, m_v and q_v");
  for (const char* name : {"m_kv", "m_vk", "q_kv"})
    if (overlaps[name] != 0) throw refuse("needs m_kv = m_vk = q_kv = 0 so far");
  return overlaps;
}

Record population_record(const Point& point, const Settings& settings, const Record*) {
  const Problem problem = problem_of(point);
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const PopulationOptions options{.tolerance = settings.tolerance, .threads = settings.threads};
  Record record = point;
  if (!settings.at.empty()) {
    auto o = overlaps_at(settings.at);
    const Excess risk = [&] {
      try {
        return population_risk(problem, *activation, o["m_k"], o["q_k"], o["m_v"], o["q_v"], options);
      } catch (const InvalidInput& e) {  // an overlap that cannot be: its flag is --at
        throw e.key() == "tolerance" ? e : InvalidInput("at", e.key() + "=" + e.value(), e.rule());
      }
    }();
    set_test_error(record, risk.value);
    for (const char* name : {"m_k", "q_k", "m_v", "q_v", "m_kv", "m_vk", "q_kv"})
      record["order_parameters"][name] = o[name];
    record["uncertainty"] = {{"test_error", json_of(risk.error)}};
    Certificate c{.converged = true, .residual = 0, .integration_error = risk.error};
    judge(c, {.reached = true, .error = risk.error, .tolerance = settings.tolerance});
    record["certificate"] = json_of(c);
    return record;
  }
  const PopulationResult r = population(problem, *activation, options);
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
  return record;
}

}  // namespace

const Command population_command = {
    .name = "population",
    .help = "risk at infinite alpha, minimised over the overlaps, beside the Bayes risk",
    .parameters = {"task", "length", "signal", "noise", "activation"},
    .settings = {"tolerance", "integration", "threads", "at"},
    .columns = {"test_error", "excess_error", "log_excess_error", "bayes_risk", "order_parameters.m_k",
                "order_parameters.q_k", "order_parameters.m_v", "order_parameters.q_v",
                "certificate.verdict"},
    .compute = population_record,
    .check = check_problem};

}  // namespace quenched::apps
