#pragma once
#include <quenched/proximal.hpp>

namespace quenched {

/// Goes on where Newton's method cannot: at the rows of `minimum` that it left unconverged, minimises a
/// piecewise smooth, continuous h to a local minimum that may lie on kinks, and adds these to minimum.kinks.
/// Each step minimises along the Newton direction within the kinks met so far; where the slope along it leaps
/// from negative to positive, another kink is met, whose normal is the leap of the gradient; a kink is left
/// again where h falls off it. Exact where the kinks are planes. Cost: some 50 evaluations of these
/// rows (options.at_points) a kink, at most 1000 in all, and O(n^3) a row and step.
void settle_at_kinks(const LowRankObjective& f, const Batch& centre, double V, const ProximalOptions& options,
                     ProximalMinimum& minimum);

}  // namespace quenched
