#include <fmt/format.h>

#include <cmath>
#include <quenched/bayes_phase.hpp>
#include <quenched/erm_curve.hpp>
#include <quenched/error_crossing.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/stability_line.hpp>

#include "command.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// What all records of one answer share; `answer` is the parameters that it depends on.
Record phase_answer(const Record& answer, const std::string& kind) {
  Record record = answer;
  record["kind"] = kind;
  return record;
}

/// The search ended at alpha: what lies beyond is not known.
Record unknown_beyond(const Record& answer, double alpha, const std::string& advice) {
  Record record = phase_answer(answer, "unknown");
  record["alpha"] = json_of(alpha);
  record["order_parameters"] = {{"q_k", nullptr}, {"q_v", nullptr}};
  record["certificate"] = json_of(Certificate{});
  record["certificate"]["advice"] = advice;
  return record;
}

/// The same where a curve of fixed points ended early; alpha is unknown where it did not begin.
Record lost_beyond(const Record& answer, double alpha, CurveEnd end, bool stopped) {
  return unknown_beyond(
      answer, alpha,
      stopped ? "The work limit was reached before the end of the curve: raise --work, or narrow --alpha."
      : std::isnan(alpha)
          ? "The fixed point where the curve begins was not reached: raise --work, or move --alpha."
          : fmt::format("The curve of fixed points was not followed to the end ({}): narrow --alpha.",
                        name_of(end)));
}

std::string branch_of(const std::vector<BayesState>& curve, std::size_t i) {
  if (!curve[i].stable) return "unstable";
  const auto first_turn = std::ranges::find(curve, false, &BayesState::stable);
  return std::cmp_less(i, first_turn - curve.begin()) ? "uninformed" : "informed";
}

void add_bayes(Record& answer, const Point& point, const Settings& settings) {
  for (const char* of_erm : {"activation", "ridge_k", "ridge_v"}) answer.erase(of_erm);
  const BayesPhase phase = bayes_phase(problem_of(point), settings.alpha_low, settings.alpha_high,
                                       {.tolerance = settings.tolerance,
                                        .points = settings.points,
                                        .seed = settings.seed,
                                        .threads = settings.threads,
                                        .work = settings.work * 1e6,
                                        .from = {}});
  Json found = Json::array();
  const auto add = [&](const std::string& kind, double alpha, double q_k, double q_v) -> Record& {
    Record record = phase_answer(answer, kind);
    record["alpha"] = json_of(alpha);
    record["order_parameters"] = {{"q_k", json_of(q_k)}, {"q_v", json_of(q_v)}};
    return found.emplace_back(record);
  };
  if (settings.curve || settings.map) {
    for (std::size_t i = 0; i < phase.curve.size(); ++i) {
      const BayesState& s = phase.curve[i];
      Record& record = add("fixed_point", s.alpha, s.q_k, s.q_v);
      record["branch"] = branch_of(phase.curve, i);
      set_test_error(record, s.test_error);
      record["free_entropy"] = json_of(s.free_entropy);
    }
  }
  if (!settings.curve) {
    for (const BayesThreshold& t : phase.thresholds) {
      Record& record = add(name_of(t.kind), t.alpha, t.q_k, t.q_v);
      record["uncertainty"] = json_of(t.uncertainty);
      record["certificate"] = json_of(t.certificate);
    }
  }
  if (phase.end != CurveEnd::left)
    found.push_back(lost_beyond(answer, phase.curve.empty() ? unknown : phase.curve.back().alpha, phase.end,
                                phase.stopped));
  answer["records"] = found;
}

/// Of the solutions between which lines and crossings are looked for.
ErmOptions solved_by(const Settings& settings) {
  return {.points = settings.points,
          .seed = settings.seed,
          .threads = settings.threads,
          .work = settings.work * 1e6};
}

/// An end that two intervals share is said once.
void add_unsolved(Json& found, const Record& record) {
  if (found.empty() || found.back() != record) found.push_back(record);
}

/// Ends of equal factors between which crossings are looked for: two in one are not seen.
std::vector<double> searched(const Settings& settings) {
  constexpr int intervals = 8;
  std::vector<double> ends;
  for (int i = 0; i <= intervals; ++i)
    ends.push_back(settings.alpha_low *
                   std::pow(settings.alpha_high / settings.alpha_low, double(i) / intervals));
  return ends;
}

/// Whether alpha is resolved; the rest of the certificate is that of the solution there.
Certificate judged(Certificate c, double uncertainty, const Settings& settings) {
  Certificate of_alpha{.converged = c.converged};
  judge(of_alpha, {.reached = c.converged, .error = uncertainty, .tolerance = settings.tolerance});
  c.integration_error = uncertainty;
  c.verdict = of_alpha.verdict, c.advice = of_alpha.advice;
  return c;
}

/// Where the test error of the activation crosses that of `against`.
void add_crossings(Record& answer, const Point& point, const Settings& settings) {
  const auto name = point.at("activation").get<std::string>();
  const auto activation = make_activation(name), other = make_activation(settings.against);
  const Problem problem = problem_of(point);
  const std::vector<double> ends = searched(settings);
  answer["against"] = settings.against;
  Json found = Json::array();
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const auto at = error_crossing(problem, *activation, *other, number_at(point, "ridge_k"),
                                   number_at(point, "ridge_v"), ends[i], ends[i + 1], solved_by(settings));
    if (!at) continue;
    if (std::isnan(at->uncertainty)) {
      const ErmResult& side = at->a.certificate.converged ? at->b : at->a;
      add_unsolved(found, unknown_beyond(answer, at->alpha, side.certificate.advice));
      continue;
    }
    Record record = phase_answer(answer, "crossing");
    record["alpha"] = json_of(at->alpha);
    record["uncertainty"] = json_of(at->uncertainty);
    set_test_error(record, at->a.test_error);
    record["better_beyond"] = at->slope < 0 ? name : settings.against;
    Certificate c = judged(at->a.certificate, at->uncertainty, settings);
    for (const ErmResult* side : {&at->b, &at->a})
      if (side->certificate.verdict != Verdict::trusted && c.verdict == Verdict::trusted)
        c.verdict = side->certificate.verdict, c.advice = side->certificate.advice;
    record["certificate"] = json_of(c);
    found.push_back(record);
  }
  answer["records"] = found;
}

/// The branches of fixed points and their spinodals.
void add_erm_curve(Record& answer, const Point& point, const Settings& settings) {
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const ErmCurve curve = erm_curve(problem_of(point), *activation, number_at(point, "ridge_k"),
                                   number_at(point, "ridge_v"), settings.alpha_low, settings.alpha_high,
                                   {.tolerance = settings.tolerance,
                                    .seed = settings.seed,
                                    .threads = settings.threads,
                                    .work = settings.work * 1e6});
  Json found = Json::array();
  for (const ErmState& s : curve.states) {
    Record record = phase_answer(answer, "fixed_point");
    record["alpha"] = json_of(s.alpha);
    record["branch"] = std::to_string(s.branch + 1);
    set_solution(record, s.solution);
    found.push_back(record);
  }
  for (const ErmSpinodal& s : curve.spinodals) {
    Record record = phase_answer(answer, "spinodal");
    record["alpha"] = json_of(s.alpha);
    record["order_parameters"] = json_of(s.overlaps);
    record["uncertainty"] = json_of(s.uncertainty);
    record["certificate"] =
        json_of(judged({.converged = !std::isnan(s.uncertainty)}, s.uncertainty, settings));
    found.push_back(record);
  }
  if (curve.end != CurveEnd::left)
    found.push_back(lost_beyond(answer, curve.states.empty() ? unknown : curve.states.back().alpha, curve.end,
                                curve.stopped));
  answer["records"] = found;
}

/// Every crossing of 1 that nine points between the ends show.
void add_erm(Record& answer, const Point& point, const Settings& settings) {
  const std::vector<double> ends = searched(settings);
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const Problem problem = problem_of(point);
  Json found = Json::array();
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const auto crossing =
        stability_line(problem, *activation, 1, number_at(point, "ridge_k"), number_at(point, "ridge_v"),
                       Along::alpha, ends[i], ends[i + 1], solved_by(settings));
    if (!crossing) continue;
    if (std::isnan(crossing->uncertainty)) {
      add_unsolved(found, unknown_beyond(answer, crossing->value, crossing->result.certificate.advice));
      continue;
    }
    Record record = phase_answer(answer, "stability");
    record["alpha"] = json_of(crossing->value);
    record["uncertainty"] = json_of(crossing->uncertainty);
    // The eigenvalue is 1 here by definition.
    record["certificate"] = json_of(judged(crossing->result.certificate, crossing->uncertainty, settings));
    found.push_back(record);
  }
  answer["records"] = found;
}

Record phase_record(const Point& point, const Settings& settings, const Record*) {
  Record answer = point;
  const auto add = point.at("of") == "bayes"      ? add_bayes
                   : point.at("of") == "crossing" ? add_crossings
                   : settings.curve               ? add_erm_curve
                                                  : add_erm;
  add(answer, point, settings);
  return answer;
}

void check_phase(const Point& point) {
  check_fixed_ridges(point);
  if (point.at("of") != "bayes") return;
  if (number_at(point, "noise") == 0)
    throw InvalidInput("noise", "0",
                       "needs a variance > 0: without noise v* is found exactly beyond some alpha");
  if (number_at(point, "signal") == 0)
    throw InvalidInput("signal", "0", "needs a signal > 0 for Bayes phases");
}

}  // namespace

const Command phase_command = {
    .name = "phase",
    .help =
        "thresholds in alpha: spinodals and alpha_IT of Bayes-optimal learning, the stability line of ERM, "
        "where two "
        "activations' errors cross",
    .parameters = {"of", "task", "length", "signal", "noise", "activation", "ridge", "ridge_k", "ridge_v"},
    .settings = {"alpha", "curve", "map", "against", "tolerance", "points", "seed", "threads", "work"},
    .columns = {"kind", "branch", "alpha", "order_parameters.q_k", "order_parameters.q_v", "test_error",
                "free_entropy", "certificate.verdict"},
    .compute = phase_record,
    .check = check_phase,
    .tolerance = 1e-3,
    .finish = answers_apart};  // Bayes answers do not depend on the activation

}  // namespace quenched::apps
