#include <fmt/format.h>

#include <algorithm>
#include <quenched/erm_gradient.hpp>
#include <quenched/optimal_ridge.hpp>

#include "command.hpp"
#include "problem.hpp"

namespace quenched::apps {

static Json json_of(const ErmGradient& g) {
  return {{"d_alpha", json_of(g.alpha)},
          {"d_ridge_k", json_of(g.ridge_k)},
          {"d_ridge_v", json_of(g.ridge_v)},
          {"d_noise", json_of(g.noise)},
          {"d_signal", json_of(g.signal)}};
}

/// What is known of the minimum of the test error over the ridges.
static Json json_of(const OptimalRidge& tuned) {
  Json others = Json::array();
  for (const RidgeOptimum& o : tuned.others)
    others.push_back({{"ridge_k", o.ridge_k},
                      {"ridge_v", o.ridge_v},
                      {"test_error", json_of(o.result.test_error)},
                      {"verdict", name_of(o.result.certificate.verdict)}});
  const RidgeOptimum& best = tuned.best;
  return {{"flat_in_ridge_k", best.flat_k},
          {"flat_in_ridge_v", best.flat_v},
          {"at_bound", best.at_bound},
          {"on_trust_line", best.on_trust_line},
          {"other_minima", others}};
}

namespace {

OrderParameters overlaps_of(const Record& record) {
  const auto at = [&](const std::string& name) { return number_at(record, "order_parameters." + name); };
  return {at("m_k"), at("q_k"), at("V_k"), at("m_v"), at("q_v"), at("V_v")};
}

ErmResult tuned(Record& record, const Problem& problem, const Activation& activation, double alpha,
                const ErmOptions& options, const Settings& settings, const Record* neighbour) {
  OptimalRidgeOptions tuning{.erm = options, .trusted_only = !settings.any_ridge, .from = {}};
  if (neighbour) tuning.from = {number_at(*neighbour, "ridge_k"), number_at(*neighbour, "ridge_v")};
  const OptimalRidge optimum = optimal_ridge(problem, activation, alpha, tuning);
  record["ridge_k"] = optimum.best.ridge_k, record["ridge_v"] = optimum.best.ridge_v;
  record["ridge"] = "optimal";
  record["ridge_optimum"] = json_of(optimum);
  return optimum.best.result;
}

/// Which of the fixed points seen this one is, for a person.
std::string branch_of(const ErmResult& r, const std::string& start) {
  const std::vector<Branch>& branches = r.branches;
  if (branches.empty()) return "not looked for";
  if (branches.size() == 1) return "only one seen";
  const Branch& lowest = branches.front();
  if (r.branch == 0)
    return fmt::format("lowest energy of {}, reached from {}", branches.size(),
                       lowest.start == "this" ? start : lowest.start);
  return fmt::format("energy {:.3g} above the branch from {}", branches[r.branch].energy - lowest.energy,
                     lowest.start);
}

Record erm_record(const Point& point, const Settings& settings, const Record* neighbour) {
  ErmOptions options{.tolerance = settings.tolerance,
                     .start = start_of(point),
                     .points = settings.points,
                     .seed = settings.seed,
                     .threads = settings.threads,
                     .branches = settings.branches,
                     .work = settings.work * 1e6};
  if (neighbour && neighbour->at("order_parameters").contains("q_k")) options.from = overlaps_of(*neighbour);
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const Problem problem = problem_of(point);
  const double alpha = number_at(point, "alpha");
  Record record = point;
  const ErmResult r = point["ridge_k"] == "optimal"
                          ? tuned(record, problem, *activation, alpha, options, settings, neighbour)
                          : erm(problem, *activation, alpha, number_at(point, "ridge_k"),
                                number_at(point, "ridge_v"), options);
  if (settings.beyond_rs && r.certificate.converged && may_split(r.certificate)) {
    Point beyond = record;
    beyond["parisi"] = "optimal";
    if (Record broken = rsb_command.compute(beyond, settings, nullptr); broken["broken"] == true) {
      set_solution(record, r);
      for (const char* name : {"test_error", "excess_error", "train_error", "energy", "order_parameters"})
        if (record.contains(name)) broken["replica_symmetric"][name] = record[name];
      broken["replica_symmetric"]["certificate"] = {
          {"stability_eigenvalue", record["certificate"]["stability_eigenvalue"]},
          {"verdict", record["certificate"]["verdict"]}};
      return broken;
    }
  }
  set_solution(record, r);
  if (settings.derivatives) {
    const ErmDerivatives d = erm_derivatives(problem, *activation, alpha, number_at(record, "ridge_k"),
                                             number_at(record, "ridge_v"), r, options);
    record["derivatives"] = json_of(d.value);
    record["uncertainty"].update(json_of(d.uncertainty));
  }
  record["certificate"]["branch"] = branch_of(r, point["start"].get<std::string>());
  return record;
}

}  // namespace

const Command erm_command = {
    .name = "erm",
    .help = "replica-symmetric test and train error of ridge-regularised ERM",
    .parameters = {"task", "length", "signal", "noise", "alpha", "activation", "ridge", "ridge_k", "ridge_v",
                   "start"},
    .settings = {"tolerance", "integration", "points", "seed", "threads", "work", "branches", "derivatives",
                 "any-ridge", "beyond-rs"},
    .columns = {"test_error", "train_error", "order_parameters.m_k", "order_parameters.q_k",
                "order_parameters.m_v", "order_parameters.q_v", "parisi", "gain", "derivatives.d_alpha",
                "derivatives.d_ridge_k", "derivatives.d_ridge_v", "derivatives.d_noise",
                "derivatives.d_signal", "certificate.stability_eigenvalue", "certificate.verdict"},
    .compute = erm_record,
    .check = check_problem,
    .continues = true};

}  // namespace quenched::apps
