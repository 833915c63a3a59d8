#include "compare_command.hpp"

#include "beside.hpp"
#include "parameters.hpp"

namespace quenched::apps {
namespace {

constexpr const char* quantities[] = {"test_error", "train_error", "energy", "m_k", "q_k", "m_v", "q_v"};

double quantity(const Record& record, const std::string& name) {
  return number_at(record, record.contains(name) ? name : "order_parameters." + name);
}

Record compare_record(const Point& point, const Settings& settings, const Record*) {
  Point asymptotic = point;
  for (const char* name : {"dimension", "trainer", "tokens"}) asymptotic.erase(name);
  const bool informed = point["start"].get<std::string>().starts_with("informed");
  asymptotic["start"] = informed ? "informed" : "uninformed";
  const Record theory = erm_command.compute(asymptotic, settings, nullptr);
  Settings training = settings;
  if (settings.so_far)
    training.so_far = [&](const Record& simulation) {
      if (simulation["seeds"] >= 2) settings.so_far(compared(theory, simulation));  // else without errors
    };
  return compared(theory, simulate_command.compute(point, training, nullptr));
}

/// A row a quantity.
std::vector<Record> rows(const Record& record) {
  std::vector<Record> list;
  for (const std::string name : quantities) {
    Record row = record;
    row["quantity"] = name;
    row["theory"] = record["theory"][name];
    row["simulation"] = record["simulation"][name];
    row["difference"] = record["difference"][name];
    const auto error = [&](const std::string& of) { return json_of(number_at(record, of + '.' + name)); };
    row["uncertainty"] = {{"theory", error("uncertainty.theory")},
                          {"simulation", error("uncertainty.simulation")},
                          {"difference", error("standard_error")}};
    row["z"] = shown_deviation(json_of(number_at(record, "z." + name)));
    row["agree"] = record["agree"][name].get<bool>() ? "agree" : "disagree";
    if (record["verdict"] == "theory_not_trusted") row["agree"] = "theory not trusted here";
    if (record["verdict"] == "training_failed") row["agree"] = "training failed";
    list.push_back(row);
  }
  return list;
}

}  // namespace

Record compared(const Record& theory, const Record& simulation) {
  Record record = point_of(simulation);
  for (const char* name : {"samples", "seeds", "seeds_converged"}) record[name] = simulation[name];
  const double room = allowance / number_at(simulation, "dimension");
  const int degrees = simulation["seeds"].get<int>() - 1;
  bool agree = true, finite = true;
  for (const std::string name : quantities) {
    const double expected = quantity(theory, name), found = quantity(simulation, name);
    const double of_theory = number_at(theory, "uncertainty." + name),
                 of_simulation = number_at(simulation, "uncertainty." + name),
                 error = std::hypot(of_theory, of_simulation);
    const double beyond = std::abs(found - expected) - room * std::max(1.0, std::abs(expected));
    const bool close = beyond <= 0 || normal_of(beyond / error, degrees) <= most_errors;
    finite = finite && std::isfinite(found);
    record["theory"][name] = json_of(expected);
    record["simulation"][name] = json_of(found);
    record["difference"][name] = json_of(found - expected);
    record["standard_error"][name] = json_of(error);
    record["uncertainty"]["theory"][name] = json_of(of_theory);
    record["uncertainty"]["simulation"][name] = json_of(of_simulation);
    record["z"][name] = json_of(normal_of((found - expected) / error, degrees));
    record["agree"][name] = close;
    agree = agree && close;
  }
  record["allowance"] = room;
  record["verdict"] = !trusted(theory) ? "theory_not_trusted"
                      : !finite        ? "training_failed"
                      : agree          ? "agree"
                                       : "disagree";
  record["certificate"] = theory["certificate"];
  return record;
}

const Command compare_command = {
    .name = "compare",
    .help =
        "theory (erm) beside simulation: z-scores and a verdict; exit 1 when a trusted theory is more than 4 "
        "standard errors + 2/D (relative) off",
    .parameters = {"task", "length", "signal", "noise", "alpha", "activation", "ridge", "ridge_k", "ridge_v",
                   "start", "trainer", "tokens", "dimension"},
    .settings = {"tolerance", "integration", "points", "seed", "seeds", "epochs", "threads"},
    .columns = {"quantity", "theory", "simulation", "difference", "z", "agree"},
    .compute = compare_record,
    .check = [](const Point& point) { simulate_command.check(point); },
    .rows = rows};

}  // namespace quenched::apps
