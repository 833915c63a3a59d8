#pragma once
#include <quenched/glm.hpp>
#include <quenched/loss.hpp>
#include <quenched/teacher.hpp>

#include "json.hpp"

namespace quenched::apps {

[[nodiscard]] std::shared_ptr<const Teacher> teacher_of(const Point& point);

/// Throws InvalidInput where teacher, noise and loss do not fit together.
void check_glm(const Point& point);

/// What test_error measures, for a person.
[[nodiscard]] std::string measure_of(const Teacher& teacher);

/// The ridge that the theory found, and what is known of the minimum.
void set_tuned_ridge(Record& record, const GlmOptimalRidge& tuned);

/// The errors of GlmFigures or GlmMeasurements; those of training only where something was trained.
template <class Figures>
[[nodiscard]] Json errors_of(const Figures& f, bool labels, bool trained = true) {
  Json errors = {{"test_error", json_of(f.test_error)}};
  if (labels) errors["sign_error"] = json_of(f.sign_error);
  if (!trained) return errors;
  errors["train_error"] = json_of(f.train_error);
  errors["train_loss"] = json_of(f.train_loss);
  errors["energy"] = json_of(f.energy);
  return errors;
}

}  // namespace quenched::apps
