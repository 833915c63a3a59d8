#include "glm_problem.hpp"

namespace quenched::apps {

std::shared_ptr<const Teacher> teacher_of(const Point& point) {
  return make_teacher(point.at("teacher").get<std::string>(), number_at(point, "strength"),
                      number_at(point, "noise"));
}

void check_glm(const Point& point) {
  const auto teacher = teacher_of(point);
  const auto loss = point.at("loss").get<std::string>();
  if (loss != "bayes") check(*teacher, *make_loss(loss));
}

void set_tuned_ridge(Record& record, const GlmOptimalRidge& tuned) {
  record["ridge"] = tuned.ridge;
  record["ridge_optimum"] = {{"flat_in_ridge", tuned.flat}, {"at_bound", tuned.at_bound}};
}

std::string measure_of(const Teacher& teacher) {
  return teacher.info().labels ? "P(y ≠ sign z)" : "E(y − z)²";
}

}  // namespace quenched::apps
