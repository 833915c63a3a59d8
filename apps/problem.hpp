#pragma once
#include <quenched/activation.hpp>
#include <quenched/bayes.hpp>
#include <quenched/certificate.hpp>
#include <quenched/erm.hpp>
#include <quenched/task.hpp>

#include "json.hpp"

namespace quenched::apps {

/// The library's arguments from a point's values; InvalidInput when they do not fit together.
[[nodiscard]] Problem problem_of(const Point& point);
void check_problem(const Point& point);
/// The same where nothing tunes the ridges: training.
void check_fixed_ridges(const Point& point);
[[nodiscard]] Start start_of(const Point& point);

[[nodiscard]] Json json_of(const Certificate& certificate);

[[nodiscard]] Json json_of(const OrderParameters& p);
/// Errors, energy, order parameters, their uncertainties and the certificate.
void set_solution(Record& record, const ErmResult& solution);

/// Sets test_error and excess_error = test_error - Delta.
void set_test_error(Record& record, double test_error);

/// What a user should know of an activation before trusting a record of this command; mostly empty.
[[nodiscard]] std::string remark(const std::string& command, const ActivationInfo& info);

}  // namespace quenched::apps
