#pragma once
#include <cstdint>
#include <quenched/integrand.hpp>
#include <string>
#include <string_view>
#include <vector>

/// Averages over standard Gaussians with an error estimate; docs/integration.md says how to choose a rule,
/// what each does and how often its error estimate held over known answers.
namespace quenched {

enum class Rule {
  automatic,      // tries the cheapest rule that the dimension allows and checks it; see Estimate::why
  gauss_hermite,  // tensor product, d <= 6: smooth integrands
  adaptive,       // nested Gauss-Kronrod panels, d <= 3: kinks, steps, peaks, singularities
  trapezoid,    // composite, tensor product, d <= 4: smooth but with structure finer than Gauss-Hermite sees
  sparse_grid,  // Smolyak over Gauss-Hermite, d <= 40: smooth integrands
  sobol,        // Owen-scrambled Sobol points, d <= 3667
  lattice,      // rank-1 lattice, random shifts, tent transform, d <= 50
};

/// "gauss_hermite", ...: the name on a command line and in a record.
[[nodiscard]] std::string_view name_of(Rule rule);
/// Throws InvalidInput with the list of names for an unknown one.
[[nodiscard]] Rule rule_named(std::string_view name);

struct ExpectationOptions {
  Rule rule = Rule::automatic;
  double absolute = 1e-8;  // met when error <= max(absolute, relative |value|) for every output
  double relative = 1e-6;
  long max_points = 1L << 22;  // calls of the integrand, points of the safety sample included
  // Points of the safety sample, an independent sample of a mixture of wider Gaussians that every result is
  // checked against: -1 takes 512, 2048 or 4096 for d = 1, 2 or more, 0 trusts the rule alone.
  int probes = -1;
  std::vector<double> kinks;  // d = 1, adaptive: points where f or a derivative jumps, at which panels end
  bool even = false;          // d = 1, adaptive: f(-x) = f(x), which halves the points
  std::uint64_t seed = 1;     // of the random shifts and scramblings and of the safety sample
  int threads = 0;            // 0: all cores; the result is the same for any number
};

enum class EstimateStatus { not_run, met, budget_spent, not_finite };

/// A word for a person: "met", "budget_spent", ...
[[nodiscard]] std::string_view name_of(EstimateStatus status);

struct Estimate {
  EstimateStatus status = EstimateStatus::not_run;
  Eigen::ArrayXd value, error;  // per output; error: a bound on |value - E f| meant to hold in 99 % of uses
  long points = 0;
  Rule rule = Rule::automatic;  // the one taken
  std::string why;              // and the reason, in one line
};

/// E f(x), x ~ N(0, I_d), for a vector-valued f: all outputs share their points.
/// A missed tolerance is a status, and value and error then say how far it came. Same bytes for any thread
/// count: fixed blocks, summed in order. Deterministic for given options.
/// Throws InvalidInput for a dimension the rule cannot do and for options out of range.
/// Cost: points calls of f plus about 10 ns a number; docs/integration.md has the points each rule needs.
[[nodiscard]] Estimate expectation(int d, int outputs, const Integrand& f,
                                   const ExpectationOptions& options = {});

}  // namespace quenched
