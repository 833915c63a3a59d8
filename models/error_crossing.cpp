#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <quenched/error_crossing.hpp>
#include <quenched/invalid_input.hpp>

namespace quenched {

std::optional<ErrorCrossing> error_crossing(const Problem& problem, const Activation& a, const Activation& b,
                                            double ridge_k, double ridge_v, double low, double high,
                                            const ErmOptions& options) {
  if (!(low > 0 && low < high && std::isfinite(high)))
    throw InvalidInput("alpha", std::to_string(low) + ":" + std::to_string(high), "needs 0 < low < high");
  ErrorCrossing at;
  const auto difference = [&](double t) {
    at.alpha = std::exp(t);
    at.a = erm(problem, a, at.alpha, ridge_k, ridge_v, options);
    at.b = erm(problem, b, at.alpha, ridge_k, ridge_v, options);
    return at.a.certificate.converged && at.b.certificate.converged ? at.a.test_error - at.b.test_error
                                                                    : unknown;
  };
  double from = std::log(low), to = std::log(high);
  const double at_low = difference(from), at_high = difference(to);
  if (!(at_low * at_high < 0)) return std::nullopt;
  std::uintmax_t evaluations = 30;
  const auto close = [](double l, double r) { return r - l < 1e-4; };
  std::tie(from, to) =
      boost::math::tools::toms748_solve(difference, from, to, at_low, at_high, close, evaluations);
  constexpr double h = 0.02;
  const double t = (from + to) / 2;
  at.slope = (difference(t + h) - difference(t - h)) / (2 * h);
  difference(t);
  at.uncertainty =
      at.alpha *
      ((to - from) / 2 +
       std::hypot(at.a.uncertainty.test_error, at.b.uncertainty.test_error) / std::abs(at.slope));
  return at;
}

}  // namespace quenched
