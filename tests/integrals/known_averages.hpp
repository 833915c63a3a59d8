#pragma once
#include <quenched/integrand.hpp>
#include <string>
#include <vector>

/// Averages over N(0, I_d) with closed forms, for the test and the benchmark of expectation().
struct KnownAverage {
  std::string family, name;
  int d = 1, outputs = 1;
  quenched::Integrand f;
  Eigen::ArrayXd exact;
};

/// Ridge functions g(u.x - b) along an axis and along a random direction, products, radial functions and
/// vector-valued mixtures: moments, exp, cos, steep but smooth steps, steps, kinks, roots, logarithms, narrow
/// peaks 1 / (eps + z^2), bumps far off centre, and tails so heavy that the variance is infinite. About 45 a
/// dimension.
[[nodiscard]] std::vector<KnownAverage> known_averages(int d, unsigned seed = 1);
