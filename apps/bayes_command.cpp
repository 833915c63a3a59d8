#include <fmt/format.h>

#include <quenched/bayes.hpp>

#include "command.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// Always from the start asked for, never from a neighbour: that could lead an informed curve past a spinodal
/// onto the uninformed branch.
Record bayes_record(const Point& point, const Settings& settings, const Record*) {
  const BayesResult r = bayes(problem_of(point), number_at(point, "alpha"), start_of(point),
                              {.tolerance = settings.tolerance,
                               .points = settings.points,
                               .sampled = false,
                               .seed = settings.seed,
                               .threads = settings.threads,
                               .work = settings.work * 1e6,
                               .from = {}});
  Record record = point;
  set_test_error(record, r.test_error);
  record["free_entropy"] = json_of(r.free_entropy);
  record["order_parameters"] = {{"q_k", json_of(r.q_k)}, {"q_v", json_of(r.q_v)}};
  record["uncertainty"] = {{"test_error", json_of(r.uncertainty.test_error)},
                           {"free_entropy", json_of(r.uncertainty.free_entropy)},
                           {"q_k", json_of(r.uncertainty.q_k)},
                           {"q_v", json_of(r.uncertainty.q_v)}};
  record["certificate"] = json_of(r.certificate);
  const auto count = r.branches.size();
  record["certificate"]["branch"] =
      count == 0      ? "not looked for"
      : count == 1    ? "the only one: the map is monotone, and its lowest and highest fixed points meet"
      : r.branch == 0 ? fmt::format("largest free entropy of {}", count)
                      : fmt::format("free entropy {:.3g} below the branch from {}",
                                    r.branches.front().free_entropy - r.branches[r.branch].free_entropy,
                                    r.branches.front().start);
  return record;
}

}  // namespace

const Command bayes_command = {.name = "bayes",
                               .help = "Bayes-optimal error at finite alpha, its overlaps and free entropy",
                               .parameters = {"task", "length", "signal", "noise", "alpha", "start"},
                               .settings = {"tolerance", "integration", "points", "seed", "threads", "work"},
                               .columns = {"test_error", "excess_error", "order_parameters.q_k",
                                           "order_parameters.q_v", "free_entropy", "certificate.verdict"},
                               .compute = bayes_record,
                               .check = check_problem};

}  // namespace quenched::apps
