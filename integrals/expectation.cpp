#include <algorithm>
#include <cmath>
#include <quenched/expectation.hpp>
#include <quenched/invalid_input.hpp>
#include <sstream>

#include "rules.hpp"

namespace quenched {
namespace {

using rules::Outcome;
using rules::Probe;
using rules::Problem;

struct Entry {
  Rule rule;
  std::string_view name;
  int largest_dimension;
  Outcome (*run)(const Problem&);
};

constexpr Entry table[] = {
    {Rule::automatic, "automatic", 3667, nullptr},
    {Rule::gauss_hermite, "gauss_hermite", 6, rules::gauss_hermite},
    {Rule::adaptive, "adaptive", 3, rules::adaptive},
    {Rule::trapezoid, "trapezoid", 4, rules::trapezoid},
    {Rule::sparse_grid, "sparse_grid", 40, rules::sparse_grid},
    {Rule::sobol, "sobol", 3667, rules::sobol},
    {Rule::lattice, "lattice", rules::largest_lattice_dimension, rules::lattice},
};

const Entry& entry(Rule rule) { return table[static_cast<std::size_t>(rule)]; }

std::string text(auto... parts) {
  std::ostringstream out;
  out.precision(2);
  (out << ... << parts);
  return out.str();
}

void check_input(int d, int outputs, const ExpectationOptions& options) {
  const auto require = [](bool ok, const char* key, auto value, const std::string& rule) {
    if (!ok) throw InvalidInput(key, text(value), rule);
  };
  const Entry& e = entry(options.rule);
  require(d >= 1 && d <= e.largest_dimension, "dimension", d,
          text("rule '", e.name, "' needs 1 to ", e.largest_dimension));
  require(outputs >= 1, "outputs", outputs, "needs at least 1");
  require(std::isfinite(options.absolute) && options.absolute > 0, "absolute", options.absolute,
          "needs a finite number > 0 (a value may be 0)");
  require(std::isfinite(options.relative) && options.relative >= 0, "relative", options.relative,
          "needs a finite number >= 0");
  require(options.max_points >= 8192, "max_points", options.max_points, "needs at least 8192");
  require(options.probes >= -1 && options.probes <= options.max_points / 2, "probes", options.probes,
          "needs -1, 0 or at most half of max_points");
}

/// Raises the error to the distance from the safety sample where that contradicts the result: by more than 4
/// standard errors, or by E|f| three times as large, which is rarely chance (Markov) however few points carry
/// it. Adaptive panels may well see more than the sample (a narrow peak), so there only mass that they missed
/// counts. True if it did.
bool raise_error(Outcome& out, const Probe& sample, bool adaptive) {
  bool raised = false;
  for (Eigen::Index j = 0; j < out.value.size() && sample.points > 0; ++j) {
    const double distance = std::abs(out.value[j] - sample.value[j]);
    const double noise = 4 * sample.value_se[j] + 1e-13 * sample.magnitude[j];
    const double seen = out.magnitude[j] + out.error[j];
    const bool contradicted = distance > noise + out.error[j];
    const bool missed = sample.magnitude[j] - 4 * sample.magnitude_se[j] > 1.02 * seen;
    const bool overlooked = sample.magnitude[j] > 3 * seen && distance > out.error[j];
    if (!std::isfinite(distance + noise) || !(overlooked || (contradicted && (missed || !adaptive))))
      continue;
    out.error[j] = distance + noise;
    raised = true;
  }
  return raised;
}

/// Largest error in units of its tolerance; infinite for a result that is not finite.
double shortfall(const Problem& problem, const Outcome& out) {
  if (!out.finite()) return INFINITY;
  return (out.error / problem.tolerance(out.value)).maxCoeff();
}

struct Attempt {
  Rule rule;
  Outcome outcome;
  std::string note;
};

Attempt attempt(Rule rule, const Problem& problem, const Probe& sample) {
  Attempt a{rule, entry(rule).run(problem), {}};
  a.note = text(entry(rule).name, " (", a.outcome.note, ")");
  if (a.outcome.value.size() == 0) {
    a.outcome.value = Eigen::ArrayXd::Zero(problem.outputs);
    a.outcome.magnitude = a.outcome.value;
    a.outcome.error = Eigen::ArrayXd::Constant(problem.outputs, INFINITY);
  }
  if (raise_error(a.outcome, sample, rule == Rule::adaptive)) a.note += ", contradicted by the safety sample";
  return a;
}

/// The better of Sobol and lattice points, by a pilot of 2^14 each, counted in points.
Rule better_points(const Problem& problem, const Probe& sample, long& points) {
  if (problem.d > rules::largest_lattice_dimension) return Rule::sobol;
  const Problem pilot{problem.d, problem.outputs, problem.f, problem.options,
                      std::min(problem.budget / 8, 1L << 14)};
  const Outcome by_sobol = attempt(Rule::sobol, pilot, sample).outcome;
  const Outcome by_lattice = attempt(Rule::lattice, pilot, sample).outcome;
  points += by_sobol.points + by_lattice.points;
  return shortfall(problem, by_lattice) < shortfall(problem, by_sobol) ? Rule::lattice : Rule::sobol;
}

/// Cheap rules for smooth integrands first, then the one that needs no smoothness; the best result so far is
/// kept.
Attempt automatic(const Problem& problem, const Probe& sample) {
  Attempt best{Rule::automatic, {}, "no rule fits the budget"};
  std::string history;
  long points = 0;
  const auto met_by = [&](Rule rule, long budget, const char* reason) {
    const Problem part{problem.d, problem.outputs, problem.f, problem.options,
                       std::min(budget, problem.budget - points)};
    Attempt a = attempt(rule, part, sample);
    points += a.outcome.points;
    const double missing = shortfall(problem, a.outcome);
    const std::string before = history;
    history += text(history.empty() ? "" : "; then ", a.note,
                    missing <= 1 ? ": " : " misses the tolerance: ", missing, " of it");
    if (best.rule == Rule::automatic || missing < shortfall(problem, best.outcome)) {
      best = std::move(a);
      best.note += text(", ", reason);
    }
    if (!before.empty()) best.note += "; after " + before;
    return missing <= 1;
  };
  const int d = problem.d;
  const bool met =
      (d == 1 &&
       met_by(Rule::adaptive, problem.budget, "one dimension: panels are cheap and need no smoothness")) ||
      (d >= 2 && d <= 3 &&
       (met_by(Rule::gauss_hermite, d == 2 ? 10'000 : 150'000, "smooth: successive orders agree") ||
        (d == 3 && met_by(better_points(problem, sample, points), 1L << 17,
                          "not smooth, and the tolerance is within reach")) ||
        met_by(Rule::adaptive, problem.budget * 3 / 4, "few dimensions and no smoothness"))) ||
      (d >= 4 && d <= 20 && met_by(Rule::sparse_grid, problem.budget / 4, "smooth: successive levels agree"));
  if (!met && d > 1)
    met_by(better_points(problem, sample, points), problem.budget, "many dimensions or no smoothness");
  best.outcome.points = points;
  return best;
}

}  // namespace

std::string_view name_of(Rule rule) { return entry(rule).name; }

Rule rule_named(std::string_view name) {
  std::string names;
  for (const Entry& e : table) {
    if (e.name == name) return e.rule;
    names += text(names.empty() ? "" : ", ", e.name);
  }
  throw InvalidInput("rule", std::string(name), "needs one of " + names);
}

std::string_view name_of(EstimateStatus status) {
  constexpr std::string_view names[] = {"not_run", "met", "budget_spent", "not_finite"};
  return names[static_cast<std::size_t>(status)];
}

Estimate expectation(int d, int outputs, const Integrand& f, const ExpectationOptions& options) {
  check_input(d, outputs, options);
  Problem problem{d, outputs, f, options, options.max_points};
  Probe sample;
  const bool own_sample = d == 1 && (options.rule == Rule::automatic || options.rule == Rule::adaptive);
  const int probes = options.probes >= 0 ? options.probes
                     : own_sample        ? 0
                     : d == 1            ? 512
                     : d == 2            ? 2048
                                         : 4096;
  if (probes > 0) sample = rules::probe(problem, probes);
  problem.budget -= sample.points;
  Attempt taken =
      options.rule == Rule::automatic ? automatic(problem, sample) : attempt(options.rule, problem, sample);
  Estimate result{EstimateStatus::budget_spent,         taken.outcome.value, taken.outcome.error,
                  taken.outcome.points + sample.points, taken.rule,          taken.note};
  if (!result.value.allFinite() || result.error.isNaN().any())
    result.status = EstimateStatus::not_finite;
  else if (problem.met(result.value, result.error))
    result.status = EstimateStatus::met;
  return result;
}

}  // namespace quenched
