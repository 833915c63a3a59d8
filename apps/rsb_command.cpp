#include <algorithm>
#include <quenched/rsb.hpp>

#include "command.hpp"
#include "problem.hpp"

namespace quenched::apps {

static Json json_of(const RsbOverlaps& o) {
  return {{"m_k", json_of(o.m_k)},   {"q0_k", json_of(o.q0_k)}, {"q1_k", json_of(o.q1_k)},
          {"V_k", json_of(o.V_k)},   {"m_v", json_of(o.m_v)},   {"q0_v", json_of(o.q0_v)},
          {"q1_v", json_of(o.q1_v)}, {"V_v", json_of(o.V_v)}};
}

namespace {

Record rsb_record(const Point& point, const Settings& settings, const Record*) {
  const auto activation = make_activation(point.at("activation").get<std::string>());
  std::optional<double> parisi;
  if (point.at("parisi").is_number()) parisi = number_at(point, "parisi");
  const RsbResult r = rsb(problem_of(point), *activation, number_at(point, "alpha"),
                          number_at(point, "ridge_k"), number_at(point, "ridge_v"), parisi,
                          {.tolerance = settings.tolerance,
                           .start = start_of(point),
                           .points = settings.points,
                           .seed = settings.seed,
                           .threads = settings.threads,
                           .work = settings.work * 1e6});
  Record record = point;
  record["parisi"] = json_of(parisi ? *parisi : r.parisi);
  record["optimal"] = !parisi;
  record["broken"] = r.broken;
  set_test_error(record, r.test_error);
  Json uncertainty;
  const auto put = [&](const char* name, double value, double error) {
    record[name] = json_of(value);
    uncertainty[name] = json_of(error);
  };
  uncertainty["test_error"] = json_of(r.uncertainty.test_error);
  put("train_error", r.train_error, r.uncertainty.train_error);
  put("potential", r.potential, r.uncertainty.potential);
  put("energy", r.energy, r.uncertainty.energy);
  put("complexity", r.complexity, r.uncertainty.complexity);
  put("gain", r.gain, r.uncertainty.gain);
  uncertainty["parisi"] = json_of(r.uncertainty.parisi);
  uncertainty.update(json_of(r.uncertainty.overlaps));
  record["order_parameters"] = json_of(r.overlaps);
  record["uncertainty"] = uncertainty;
  Json certificate = json_of(r.certificate);
  certificate["inside_eigenvalue"] = json_of(r.inside_eigenvalue);
  certificate["inside_error"] = json_of(r.inside_error);
  certificate["between_eigenvalue"] = json_of(r.between_eigenvalue);
  certificate["between_error"] = json_of(r.between_error);
  record["certificate"] = certificate;
  return record;
}

}  // namespace

const Command rsb_command = {
    .name = "rsb",
    .help = "the same beyond replica symmetry: one step of its breaking, where `erm` is unstable",
    .parameters = {"task", "length", "signal", "noise", "alpha", "activation", "ridge", "ridge_k", "ridge_v",
                   "start", "parisi"},
    .settings = {"tolerance", "integration", "points", "seed", "threads", "work"},
    .columns = {"broken", "parisi", "test_error", "potential", "gain", "energy", "complexity",
                "order_parameters.m_k", "order_parameters.q0_k", "order_parameters.q1_k",
                "order_parameters.q0_v", "order_parameters.q1_v", "certificate.inside_eigenvalue",
                "certificate.between_eigenvalue", "certificate.verdict"},
    .compute = rsb_record,
    .check = check_fixed_ridges,
    .tolerance = 1e-3};

}  // namespace quenched::apps
