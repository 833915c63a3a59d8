#include <cmath>
#include <quenched/task.hpp>

#include "registry.hpp"

namespace quenched {

using MakeTask = std::shared_ptr<const Task>(double signal);
#define QUENCHED_TASK(name) MakeTask make_##name;
#include "tasks/list.def"
#undef QUENCHED_TASK

namespace {

const std::vector<Registered<MakeTask>>& task_table() {
  static const std::vector<Registered<MakeTask>> entries = {
#define QUENCHED_TASK(name) {#name, make_##name},
#include "tasks/list.def"
#undef QUENCHED_TASK
  };
  return entries;
}

}  // namespace

std::shared_ptr<const Task> make_task(std::string_view name, double signal) {
  return registered(task_table(), "task", name, name)(signal);
}

std::vector<std::string> task_names() { return names(task_table()); }

void check(const Problem& problem) {
  double total = 0;
  if (problem.lengths.empty())
    throw InvalidInput("length", "(empty)", "needs at least one prompt length >= 1");
  for (const Length& length : problem.lengths) {
    if (length.tokens < 1)
      throw InvalidInput("length", std::to_string(length.tokens), "needs whole numbers of tokens >= 1");
    if (!(length.weight > 0))
      throw InvalidInput("length", std::to_string(length.weight), "needs weights > 0 that sum to 1");
    total += length.weight;
  }
  if (std::abs(total - 1) > 1e-9)
    throw InvalidInput("length", std::to_string(total), "needs weights that sum to 1");
  if (!(problem.noise >= 0) || std::isinf(problem.noise))
    throw InvalidInput("noise", std::to_string(problem.noise), "needs a finite variance >= 0");
}

}  // namespace quenched
