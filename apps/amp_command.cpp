#include <fmt/format.h>

#include <quenched/invalid_input.hpp>
#include <quenched/simulate_amp.hpp>
#include <quenched/state_evolution.hpp>

#include "beside.hpp"
#include "command.hpp"
#include "problem.hpp"

namespace quenched::apps {
namespace {

/// What a run needs: of the theory only where it starts.
struct AmpProblem {
  AmpChannel channel;
  AmpAttention attention;
  AmpOptions options;
  Overlaps start;
  double V_k, V_v;
};

/// Overlap 0.9 with the truth when informed; else none: k = v = 0, the prior's mean, for Bayes, and
/// k, v ~ N(0, I) for ERM, whose k = 0 would stay.
AmpProblem amp_problem(const Problem& problem, const Point& point, const Settings& settings) {
  const double m = settings.start == "informed" ? 0.9 : 0;
  if (point.at("of") == "bayes")
    return {.channel = bayes_amp_channel(problem),
            .attention = bayes_amp_attention(problem),
            .options = {.prior_k = bayes_amp_prior(problem, number_at(point, "alpha")),
                        .threads = settings.threads},
            .start = {.m_k = m, .q_k = m, .m_v = m, .q_v = m},
            .V_k = 1 - m,
            .V_v = 1 - m};
  const std::shared_ptr<const Activation> activation =
      make_activation(point.at("activation").get<std::string>());
  const double r_k = number_at(point, "ridge_k"), r_v = number_at(point, "ridge_v");
  return {.channel = erm_amp_channel(activation),
          .attention = erm_amp_attention(activation),
          .options = {.prior_k = r_k, .prior_v = r_v, .threads = settings.threads},
          .start = {.m_k = m, .q_k = 1, .m_v = m, .q_v = 1},
          .V_k = std::min(1.0, 1 / r_k),
          .V_v = std::min(1.0, 1 / r_v)};
}

std::vector<StateEvolutionStep> state_evolution(const Problem& problem, const Point& point,
                                                const Settings& settings, const AmpProblem& p) {
  const double alpha = number_at(point, "alpha");
  const StateEvolutionOptions options{settings.tolerance, settings.seed, settings.threads};
  if (point.at("of") == "bayes")
    return bayes_state_evolution(problem, alpha, {p.start.m_k, p.start.m_v}, settings.iterations, options);
  return erm_state_evolution(problem, *make_activation(point.at("activation").get<std::string>()), alpha,
                             p.options.prior_k, p.options.prior_v,
                             {p.start.m_k, p.start.q_k, p.V_k, p.start.m_v, p.start.q_v, p.V_v},
                             settings.iterations, options);
}

OrderParameters overlaps_of(const AmpFigures& f) { return {f.m_k, f.q_k, f.V_k, f.m_v, f.q_v, f.V_v}; }

Json flat_json(const OrderParameters& overlaps, double test_error) {
  Json json = {{"test_error", json_of(test_error)}};
  json.update(json_of(overlaps));
  return json;
}

Record amp_record(const Point& point, const Settings& settings, const Record*) {
  if (settings.start != "random" && settings.start != "informed")
    throw InvalidInput("start", settings.start, "needs random or informed");
  const Problem problem = problem_of(point);
  const AmpProblem p = amp_problem(problem, point, settings);
  Record answer = point;
  if (point.at("of") == "bayes")
    for (const char* name : {"activation", "ridge_k", "ridge_v"}) answer.erase(name);
  answer["start"] = settings.start;
  std::vector<AmpIteration> run;
  if (settings.dimension > 0)  // first: it may not fit in memory
    run = simulate_amp({.problem = problem,
                        .channel = p.channel,
                        .attention = p.attention,
                        .options = p.options,
                        .dimension = settings.dimension,
                        .alpha = number_at(point, "alpha"),
                        .start = p.start,
                        .V_k = p.V_k,
                        .V_v = p.V_v,
                        .iterations = settings.iterations,
                        .seeds = settings.seeds,
                        .first_seed = settings.seed},
                       settings.part_done);
  const auto theory = state_evolution(problem, point, settings, p);
  std::vector<Record> records;
  for (std::size_t t = 1; t < theory.size(); ++t) {
    const StateEvolutionStep& step = theory[t];
    Record record = answer;
    record["iteration"] = t;
    set_test_error(record, step.test_error);
    record["order_parameters"] = json_of(step.overlaps);
    record["uncertainty"] = flat_json(step.uncertainty.overlaps, step.uncertainty.test_error);
    record["certificate"] = json_of(step.certificate);
    if (!run.empty()) {
      const auto& [mean, error, seeds] = run[t];
      put_beside(record, {.dimension = settings.dimension,
                          .seeds = seeds,
                          .mean = {{"test_error", json_of(mean.test_error)},
                                   {"order_parameters", json_of(overlaps_of(mean))}},
                          .standard_error = flat_json(overlaps_of(error), error.test_error),
                          .theory_errors = 2});
      record["simulation"]["largest_cross_overlap"] = json_of(mean.largest_cross_overlap);
      if (seeds < settings.seeds) {  // those that go on are not typical
        for (Json& z : record["z"]) z = nullptr;
        record["remark"] = fmt::format(
            "Of {} runs some ended, where a V was not positive: the means are over those that went on "
            "(`simulation.seeds`), and there is no z.",
            settings.seeds);
      }
    }
    records.push_back(std::move(record));
  }
  answer["records"] = records;
  return answer;
}

void check_amp(const Point& point) {
  if (point["of"] == "crossing") throw InvalidInput("of", "crossing", "needs bayes or erm here");
  check_fixed_ridges(point);
}

}  // namespace

const Command amp_command = {
    .name = "amp",
    .help = "message passing, iteration by iteration: state evolution beside a run at finite D",
    .parameters = {"of", "task", "length", "signal", "noise", "alpha", "activation", "ridge", "ridge_k",
                   "ridge_v"},
    .settings = {"iterations", "start", "dimension", "seed", "seeds", "tolerance", "threads"},
    .columns = {"by", "iteration", "test_error", "order_parameters.m_k", "order_parameters.q_k",
                "order_parameters.V_k", "order_parameters.m_v", "order_parameters.q_v",
                "order_parameters.V_v", "largest_cross_overlap", "certificate.verdict"},
    .compute = amp_record,
    .check = check_amp,
    .tolerance = 1e-3,
    .finish = answers_apart,  // the posterior does not depend on the activation
    .rows = rows_beside};

}  // namespace quenched::apps
