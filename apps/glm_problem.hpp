#pragma once
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>

#include "json.hpp"

namespace quenched::apps {

[[nodiscard]] std::shared_ptr<const Teacher> teacher_of(const Point& point);

/// Throws InvalidInput where teacher, noise and loss do not fit together.
void check_glm(const Point& point);

/// What test_error measures, for a person.
[[nodiscard]] std::string measure_of(const Teacher& teacher);

}  // namespace quenched::apps
