#include <cmath>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>

#include "registry.hpp"

namespace quenched {

using MakeTeacher = std::shared_ptr<const Teacher>(const std::string& parameter, double rho, double Delta);
#define QUENCHED_TEACHER(name) MakeTeacher make_##name##_teacher;
#include "glm/teachers/list.def"
#undef QUENCHED_TEACHER

namespace {

const std::vector<Registered<MakeTeacher>>& teacher_table() {
  static const std::vector<Registered<MakeTeacher>> entries = {
#define QUENCHED_TEACHER(name) {#name, make_##name##_teacher},
#include "glm/teachers/list.def"
#undef QUENCHED_TEACHER
  };
  return entries;
}

}  // namespace

std::shared_ptr<const Teacher> make_teacher(std::string_view specification, double rho, double Delta) {
  if (!(rho > 0) || std::isinf(rho))
    throw InvalidInput("strength", std::to_string(rho), "needs a finite number > 0");
  if (!(Delta >= 0) || std::isinf(Delta))
    throw InvalidInput("noise", std::to_string(Delta), "needs a finite variance >= 0");
  return made(teacher_table(), "teacher", specification, rho, Delta);
}

std::vector<std::string> teacher_names() { return names(teacher_table()); }

void check(const Teacher& teacher, const Loss& loss) {
  if (!teacher.info().labels && !loss.info().residual)
    throw InvalidInput("loss", loss.info().name,
                       "needs labels in {-1, 1}, which teacher '" + teacher.info().name + "' does not give");
}

}  // namespace quenched
