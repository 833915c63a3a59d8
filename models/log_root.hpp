#pragma once
#include <functional>
#include <optional>

namespace quenched {

/// A root in t = log x, half the width of its bracket, and df/dt there.
struct LogRoot {
  double t, half_width, slope;
};

/// Where f(t) changes sign as x = exp(t) runs from low to high, by TOMS 748 to 1e-4 in t; the slope by
/// differences. f is called at the upper end first, and may go on from its last call. Empty unless the signs
/// at the ends differ. Cost: about 10 evaluations.
[[nodiscard]] std::optional<LogRoot> log_root(const std::function<double(double)>& f, double low,
                                              double high);

}  // namespace quenched
