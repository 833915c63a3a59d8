#include <fmt/format.h>

#include <quenched/bayes_phase.hpp>
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
                                        .from = {}});
  Json found = Json::array();
  const auto add = [&](const std::string& kind, double alpha, double q_k, double q_v) -> Record& {
    Record record = phase_answer(answer, kind);
    record["alpha"] = json_of(alpha);
    record["order_parameters"] = {{"q_k", json_of(q_k)}, {"q_v", json_of(q_v)}};
    return found.emplace_back(record);
  };
  if (settings.curve) {
    for (std::size_t i = 0; i < phase.curve.size(); ++i) {
      const BayesState& s = phase.curve[i];
      Record& record = add("fixed_point", s.alpha, s.q_k, s.q_v);
      record["branch"] = branch_of(phase.curve, i);
      set_test_error(record, s.test_error);
      record["free_entropy"] = json_of(s.free_entropy);
    }
  } else {
    for (const BayesThreshold& t : phase.thresholds) {
      Record& record = add(name_of(t.kind), t.alpha, t.q_k, t.q_v);
      record["uncertainty"] = json_of(t.uncertainty);
      record["certificate"] = json_of(t.certificate);
    }
  }
  if (phase.end != CurveEnd::left) {  // what lies beyond is not known
    Record& record =
        add("unknown", phase.curve.empty() ? unknown : phase.curve.back().alpha, unknown, unknown);
    record["certificate"] = json_of(Certificate{});
    record["certificate"]["advice"] = fmt::format(
        "The curve of fixed points was not followed to the end ({}): narrow --alpha.", name_of(phase.end));
  }
  answer["records"] = found;
}

/// Every crossing of 1 that nine points between the ends show.
void add_erm(Record& answer, const Point& point, const Settings& settings) {
  constexpr int intervals = 8;
  const auto activation = make_activation(point.at("activation").get<std::string>());
  const Problem problem = problem_of(point);
  Json found = Json::array();
  const double factor = std::pow(settings.alpha_high / settings.alpha_low, 1.0 / intervals);
  for (int i = 0; i < intervals; ++i) {
    const double low = settings.alpha_low * std::pow(factor, i);
    const auto crossing = stability_line(
        problem, *activation, 1, number_at(point, "ridge_k"), number_at(point, "ridge_v"), Along::alpha, low,
        low * factor, {.points = settings.points, .seed = settings.seed, .threads = settings.threads});
    if (!crossing) continue;
    Record record = phase_answer(answer, "stability");
    record["alpha"] = json_of(crossing->value);
    record["uncertainty"] = json_of(crossing->uncertainty);
    Certificate c = crossing->result.certificate;
    c.integration_error = crossing->uncertainty;
    Certificate judged{.converged = c.converged};
    judge(judged, {.reached = c.converged, .error = crossing->uncertainty, .tolerance = settings.tolerance});
    c.verdict = judged.verdict, c.advice = judged.advice;  // of alpha; the eigenvalue is 1 here by definition
    record["certificate"] = json_of(c);
    found.push_back(record);
  }
  answer["records"] = found;
}

Record phase_record(const Point& point, const Settings& settings, const Record*) {
  Record answer = point;
  point.at("of") == "bayes" ? add_bayes(answer, point, settings) : add_erm(answer, point, settings);
  return answer;
}

void check_phase(const Point& point) {
  check_fixed_ridges(point);
  if (point.at("of") == "erm") return;
  if (number_at(point, "noise") == 0)
    throw InvalidInput("noise", "0",
                       "needs a variance > 0: without noise v* is found exactly beyond some alpha");
  if (number_at(point, "signal") == 0)
    throw InvalidInput("signal", "0", "needs a signal > 0 for Bayes phases");
}

/// Each answer gives way to its thresholds; Bayes answers do not depend on the activation.
void threshold_records(std::vector<Record>& answers, const Settings&) {
  std::vector<Record> records;
  for (const Record& answer : answers)
    for (Record record : answer.at("records")) {
      record["command"] = answer.at("command");
      if (answer.contains("seconds")) record["seconds"] = answer.at("seconds");
      if (std::ranges::find(records, record) == records.end()) records.push_back(std::move(record));
    }
  answers = std::move(records);
}

}  // namespace

const Command phase_command = {
    .name = "phase",
    .help =
        "thresholds in alpha: spinodals and alpha_IT of Bayes-optimal learning, the stability line of ERM",
    .parameters = {"of", "task", "length", "signal", "noise", "activation", "ridge", "ridge_k", "ridge_v"},
    .settings = {"alpha", "curve", "tolerance", "points", "seed", "threads"},
    .columns = {"kind", "branch", "alpha", "order_parameters.q_k", "order_parameters.q_v", "test_error",
                "free_entropy", "certificate.verdict"},
    .compute = phase_record,
    .check = check_phase,
    .tolerance = 1e-3,
    .finish = threshold_records};

}  // namespace quenched::apps
