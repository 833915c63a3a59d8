#include <algorithm>
#include <cmath>
#include <optional>
#include <quenched/erm.hpp>
#include <quenched/fixed_point.hpp>
#include <random>

#include "erm_equations.hpp"

namespace quenched {
namespace {

using Eigen::VectorXd;

constexpr double same = 1e-3;         // two fixed points closer than this, relatively, are one
constexpr double same_energy = 1e-6;  // and energies closer than this do not rank them

/// Overlaps of random size and direction; V as the ridge alone would make it, or less.
OrderParameters random_start(std::mt19937_64& rng, double ridge_k, double ridge_v) {
  std::uniform_real_distribution<double> uniform(-1, 1);
  const auto overlap = [&](double& m, double& q, double& V, double ridge) {
    q = std::exp(2 * uniform(rng));
    m = uniform(rng) * std::sqrt(q);
    V = std::exp(uniform(rng) - 1) / ridge;
  };
  OrderParameters o;
  overlap(o.m_k, o.q_k, o.V_k, ridge_k), overlap(o.m_v, o.q_v, o.V_v, ridge_v);
  const double most = 0.9 * std::sqrt(o.q_v);  // m_v^2 < q_v, and the teacher has norm 1
  o.m_v = std::clamp(o.m_v, -std::min(most, 0.9), std::min(most, 0.9));
  return o;
}

/// Followed down from eight times the ridges, where one branch is left, to twice them.
OrderParameters from_larger_ridge(const ErmEquations& equations, double alpha, double ridge_k,
                                  double ridge_v) {
  OrderParameters above = erm_start(Start::informed, 8 * ridge_k, 8 * ridge_v);
  for (const double factor : {8.0, 4.0, 2.0}) {
    const ErmEquations stronger = equations.with(alpha, factor * ridge_k, factor * ridge_v);
    const FixedPointReport report =
        fixed_point([&](const VectorXd& x) -> VectorXd { return stronger.update(x).head(6); },
                    ErmEquations::vector(above),
                    {.tolerance = 1e-3,
                     .max_iterations = 50,
                     .damped_steps = factor == 8 ? 8 : 0,
                     .feasible = [&](const VectorXd& x) { return equations.feasible(x); }});
    if (report.reached()) above = ErmEquations::overlaps(report.x);
  }
  return above;
}

bool apart(const VectorXd& x, const VectorXd& y) {
  return ((x - y).array().abs() / (1 + x.array().abs())).maxCoeff() > same;
}

}  // namespace

OrderParameters erm_start(Start start, double ridge_k, double ridge_v) {
  const double V_k = std::min(1.0, 1 / ridge_k), V_v = std::min(1.0, 1 / ridge_v);
  if (start == Start::informed) return {0.9, 1.0, V_k, 0.9, 1.0, V_v};
  return {0.01, 0.1, V_k, 0.01, 0.1, V_v};
}

std::vector<Branch> erm_branches(const Problem& problem, const Activation& activation, double alpha,
                                 double ridge_k, double ridge_v, const OrderParameters& own,
                                 const ErmOptions& options) {
  const auto work = std::make_shared<WorkLimit>(options.work);
  const auto at_level = [&](int level) {
    return ErmEquations(problem, activation, alpha, ridge_k, ridge_v,
                        {level, options.seed, options.threads, work});
  };
  const int coarsest = coarsest_level(problem, activation.info());
  const int first = first_level(problem, activation.info());
  const ErmEquations equations = at_level(first), rough = coarsest == first ? equations : at_level(coarsest);
  const auto solve = [&](const ErmEquations& with, const VectorXd& start, int damped_steps,
                         const std::function<bool(const VectorXd&)>& enough = {}) {
    return fixed_point([&](const VectorXd& x) -> VectorXd { return with.update(x).head(6); }, start,
                       {.tolerance = 1e-5,
                        .max_iterations = 100,
                        .damped_steps = damped_steps,
                        .feasible = [&](const VectorXd& x) { return equations.feasible(x); },
                        .enough = enough});
  };
  // Where the starts lead by the roughest rule: what meets no earlier one is followed by the better rule.
  std::vector<VectorXd> met;
  const auto lead = [&](const VectorXd& start, int damped_steps) -> std::optional<VectorXd> {
    const auto is_met = [&](const VectorXd& y) {
      return std::ranges::any_of(met, [&](const VectorXd& x) { return !apart(x, y); });
    };
    const FixedPointReport report = solve(rough, start, damped_steps, is_met);
    if (!report.reached()) return start;
    if (is_met(report.x)) return {};
    met.push_back(report.x);
    return report.x;
  };
  const VectorXd this_one = ErmEquations::vector(own);
  static_cast<void>(lead(this_one, 0));
  std::vector<std::pair<std::string, VectorXd>> others;
  const auto follow = [&](const std::string& name, const OrderParameters& start, int damped_steps) {
    if (const auto led = lead(ErmEquations::vector(start), damped_steps)) others.emplace_back(name, *led);
  };
  if (options.branches > 0) follow("larger ridge", from_larger_ridge(rough, alpha, ridge_k, ridge_v), 2);
  const Start opposite = options.start == Start::informed ? Start::uninformed : Start::informed;
  if (options.branches > 1)
    follow(opposite == Start::informed ? "informed" : "uninformed", erm_start(opposite, ridge_k, ridge_v), 8);
  std::mt19937_64 rng(options.seed);
  for (int i = 2; i < options.branches; ++i)
    follow("random " + std::to_string(i - 1), random_start(rng, ridge_k, ridge_v), 8);

  std::vector<Branch> seen;
  const auto add = [&](const std::string& name, const VectorXd& x) {
    if (std::ranges::all_of(seen,
                            [&](const Branch& b) { return apart(ErmEquations::vector(b.overlaps), x); }))
      seen.push_back({name, ErmEquations::overlaps(x), equations.update(x)[ErmEquations::energy]});
  };
  const FixedPointReport nearest = others.empty() ? FixedPointReport{} : solve(equations, this_one, 0);
  add("this", nearest.reached() ? nearest.x : this_one);
  if (!nearest.reached()) return seen;
  for (const auto& [name, start] : others)
    if (const FixedPointReport report = solve(equations, start, 0); report.reached()) add(name, report.x);
  std::ranges::sort(seen, {}, &Branch::energy);
  const auto own_place = std::ranges::find(seen, "this", &Branch::start);
  if (own_place->energy <= seen.front().energy + same_energy)
    std::rotate(seen.begin(), own_place, own_place + 1);
  return seen;
}

}  // namespace quenched
