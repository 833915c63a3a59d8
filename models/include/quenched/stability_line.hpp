#pragma once
#include <quenched/erm.hpp>

namespace quenched {

enum class Along { alpha, ridge };  // ridge: a common factor of ridge_k and ridge_v

struct StabilityPoint {
  double value = unknown;  // alpha, or the factor of the ridges
  // Of value: the bracket, and the eigenvalue's error over its slope. Unknown where there was no eigenvalue
  // at `value`, the reason in `result`, so that the line was not found.
  double uncertainty = unknown;
  ErmResult result;  // there
};

/// The de Almeida-Thouless line: where the replicon eigenvalue of erm() crosses 1, as alpha or the factor of
/// the ridges runs from low to high; by bracketing in the logarithm (TOMS 748) to a relative 1e-4. Empty when
/// both ends lie on one side. Throws InvalidInput unless 0 < low < high, and as
/// erm() does. Cost: about 10 solutions.
[[nodiscard]] std::optional<StabilityPoint> stability_line(const Problem& problem,
                                                           const Activation& activation, double alpha,
                                                           double ridge_k, double ridge_v, Along along,
                                                           double low, double high,
                                                           const ErmOptions& options = {});

}  // namespace quenched
