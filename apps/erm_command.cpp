#include "branches.hpp"
#include "command.hpp"
#include "problem.hpp"

#include <quenched/erm.hpp>

namespace quenched::apps {
namespace {

Json json_of(const OrderParameters& p) {
  using apps::json_of;
  return {{"m_k", json_of(p.m_k)}, {"q_k", json_of(p.q_k)}, {"V_k", json_of(p.V_k)},
          {"m_v", json_of(p.m_v)}, {"q_v", json_of(p.q_v)}, {"V_v", json_of(p.V_v)}};
}

OrderParameters overlaps_of(const Record& record) {
  const auto at = [&](const std::string& name) { return number_at(record, "order_parameters." + name); };
  return {at("m_k"), at("q_k"), at("V_k"), at("m_v"), at("q_v"), at("V_v")};
}

Record compute(const Point& point, const Settings& settings, const Record* neighbour) {
  ErmOptions options{.tolerance = settings.tolerance,
                     .start = start_of(point),
                     .points = settings.points,
                     .seed = settings.seed,
                     .threads = settings.threads};
  if (neighbour) options.from = overlaps_of(*neighbour);
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const ErmResult r = erm(problem_of(point), *activation, number_at(point, "alpha"), number_at(point, "ridge_k"),
                          number_at(point, "ridge_v"), options);
  Record record = point;
  set_test_error(record, r.test_error);
  record["train_error"] = apps::json_of(r.train_error);
  record["energy"] = apps::json_of(r.energy);
  record["order_parameters"] = json_of(r.overlaps);
  Json uncertainty = {{"test_error", apps::json_of(r.uncertainty.test_error)},
                      {"train_error", apps::json_of(r.uncertainty.train_error)},
                      {"energy", apps::json_of(r.uncertainty.energy)}};
  uncertainty.update(json_of(r.uncertainty.overlaps));
  record["uncertainty"] = uncertainty;
  record["certificate"] = apps::json_of(r.certificate);
  return record;
}

}  // namespace

const Command erm_command = {
    .name = "erm",
    .help = "replica-symmetric test and train error of ridge-regularised ERM",
    .parameters = {"task", "length", "signal", "noise", "alpha", "activation", "ridge", "ridge_k", "ridge_v", "start"},
    .settings = {"tolerance", "integration", "points", "seed", "threads"},
    .columns = {"test_error", "train_error", "order_parameters.m_k", "order_parameters.q_k", "order_parameters.m_v",
                "order_parameters.q_v", "certificate.stability_eigenvalue", "certificate.verdict"},
    .compute = compute,
    .continues = true,
    .finish = [](std::vector<Record>& records, const Settings&) { mark_metastable(records); }};

}  // namespace quenched::apps
