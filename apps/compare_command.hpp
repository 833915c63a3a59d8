#pragma once
#include "command.hpp"

namespace quenched::apps {

/// What training at dimension D may differ from D = infinity beside noise: allowance/D, relative to max(1,
/// |theory|). Measured: below 1/D for all quantities at D = 50, 100, 200 (200 seeds) at three stable points,
/// softmax and linear.
inline constexpr double allowance = 2;
/// Standard errors beyond the allowance at which theory and simulation disagree, as a normal number: a
/// deviation over the error from n seeds has Student's distribution.
inline constexpr double most_errors = 4;

/// Theory and simulation of one point, quantity by quantity; verdict: agree, disagree,
/// theory_not_trusted, or training_failed where a figure of the simulation is not finite.
[[nodiscard]] Record compared(const Record& theory, const Record& simulation);

}  // namespace quenched::apps
