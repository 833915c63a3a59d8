#pragma once
#include <quenched/bayes.hpp>
#include <quenched/erm.hpp>
#include <string>
#include <vector>

/// A point drawn at random: both tasks, softmax, linear and two other activations, L = 1..5, everything else
/// log-uniform.
struct RandomPoint {
  quenched::Problem problem;
  std::string activation;  // "": Bayes-optimal learning
  double alpha, ridge_k, ridge_v, tolerance;
  [[nodiscard]] std::string text() const;
  /// "softmax, L = 2": what decides about the rule.
  [[nodiscard]] std::string kind() const;
};
[[nodiscard]] std::vector<RandomPoint> random_points(int count, std::uint64_t seed);

/// One reported number beside its high-accuracy value.
struct ReportedNumber {
  std::string name;
  double value, stated, exact, exact_stated;
  /// Below the stated uncertainty, up to what the high-accuracy value states of itself and rounding.
  [[nodiscard]] bool held() const;
};

/// What is reported at the point's tolerance, and by a rule of `reference_points` points with another seed
/// (deterministic rules: their resolution of that many points). Empty where a fixed point was not reached.
[[nodiscard]] std::vector<ReportedNumber> reported_numbers(const RandomPoint& point, int reference_points);
