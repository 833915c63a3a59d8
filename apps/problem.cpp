#include "problem.hpp"

#include <quenched/invalid_input.hpp>

#include "lists.hpp"

namespace quenched::apps {

Problem problem_of(const Point& point) {
  const Json& length = point.at("length");
  Problem problem{make_task(point.at("task").get<std::string>(), number_at(point, "signal")),
                  length_law(length.is_string() ? length.get<std::string>() : length.dump()),
                  number_at(point, "noise")};
  check(problem);
  return problem;
}

void check_problem(const Point& point) { static_cast<void>(problem_of(point)); }

void check_fixed_ridges(const Point& point) {
  if (point["ridge_k"] == "optimal" || point["ridge_v"] == "optimal")
    throw InvalidInput("ridge", "optimal", "needs finite numbers > 0 here (erm and glm tune)");
  check_problem(point);
}

Start start_of(const Point& point) {
  const auto start = point.at("start").get<std::string>();
  if (start == "informed") return Start::informed;
  if (start == "uninformed") return Start::uninformed;
  throw InvalidInput("start", start, "needs one of informed, uninformed, both");
}

Json json_of(const Certificate& c) {
  return {{"converged", c.converged},
          {"residual", json_of(c.residual)},
          {"iterations", c.iterations},
          {"integration_rule", c.integration_rule},
          {"integration_error", json_of(c.integration_error)},
          {"stability_eigenvalue", json_of(c.stability_eigenvalue)},
          {"stability_error", json_of(c.stability_error)},
          {"symmetry_eigenvalue", json_of(c.symmetry_eigenvalue)},
          {"symmetry_error", json_of(c.symmetry_error)},
          {"stable", c.stable ? Json(*c.stable) : Json(nullptr)},
          {"jump_weight", json_of(c.jump_weight)},
          {"jump_weight_error", json_of(c.jump_weight_error)},
          {"jump_share", json_of(c.jump_share)},
          {"jump_weight_direct", json_of(c.jump_weight_direct)},
          {"jump_weight_direct_error", json_of(c.jump_weight_direct_error)},
          {"competing", json_of(c.competing)},
          {"verdict", name_of(c.verdict)},
          {"advice", c.advice}};
}

Json json_of(const OrderParameters& p) {
  return {{"m_k", json_of(p.m_k)}, {"q_k", json_of(p.q_k)}, {"V_k", json_of(p.V_k)},
          {"m_v", json_of(p.m_v)}, {"q_v", json_of(p.q_v)}, {"V_v", json_of(p.V_v)}};
}

void set_solution(Record& record, const ErmResult& r) {
  set_test_error(record, r.test_error);
  record["train_error"] = json_of(r.train_error);
  record["energy"] = json_of(r.energy);
  record["order_parameters"] = json_of(r.overlaps);
  record["uncertainty"] = {{"test_error", json_of(r.uncertainty.test_error)},
                           {"train_error", json_of(r.uncertainty.train_error)},
                           {"energy", json_of(r.uncertainty.energy)}};
  record["uncertainty"].update(json_of(r.uncertainty.overlaps));
  record["certificate"] = json_of(r.certificate);
}

std::string remark(const std::string& command, const ActivationInfo& info) {
  std::string text = info.remark;
  if (!info.smooth && (command == "erm" || command == "rsb" || command == "compare" || command == "phase"))
    text +=
        (text.empty() ? "" : " ") + info.name +
        " is not smooth: the response Vhat is taken in Stein's form, which needs no derivatives; the "
        "stability eigenvalue knows of minima that lie on kinks, but of jumps only through the jump weight.";
  if (info.scale_invariant && command == "simulate")
    text +=
        (text.empty() ? "" : " ") + info.name +
        " does not depend on the length of k, which the ridge shrinks as long as training runs: m_k and q_k "
        "mean nothing but by their ratio.";
  if (!info.smooth && (command == "simulate" || command == "compare"))
    text += (text.empty() ? "" : " ") + info.name +
            " is not smooth: training may stop at a kink, where the gradient does not vanish, and such a "
            "seed counts as "
            "not converged.";
  return text;
}

void set_test_error(Record& record, double test_error) {
  record["test_error"] = json_of(test_error);
  record["excess_error"] = json_of(test_error - number_at(record, "noise"));
}

}  // namespace quenched::apps
