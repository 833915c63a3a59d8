#include <algorithm>
#include <cmath>
#include <limits>
#include <quenched/vector_math.hpp>

#include "libmvec.hpp"

// M. J. Wichura, Algorithm AS 241: the percentage points of the normal distribution, Appl. Statist. 37, 477
// (1988), routine PPND16: three rational functions, of q = p - 1/2 in the middle and of sqrt(-log p) in the
// tails.
namespace quenched::vector_math {
namespace {

constexpr Eigen::Index lanes = 8, stretch = 256;
constexpr double middle = 0.425;        // |q| up to which the middle function holds
constexpr double far_tail = 1.389e-11;  // exp(-25): below it the third function

inline double middle_quantile(double p) {
  const double q = p - 0.5, r = middle * middle - q * q;
  const double numerator =
      (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r +
           45921.953931549871457) *
              r +
          13731.693765509461125) *
             r +
         1971.5909503065514427) *
            r +
        133.14166789178437745) *
           r +
       3.387132872796366608);
  const double denominator =
      (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r +
           21213.794301586595867) *
              r +
          5394.1960214247511077) *
             r +
         687.1870074920579083) *
            r +
        42.313330701600911252) *
           r +
       1);
  return q * numerator / denominator;
}

inline double tail_quantile(double root) {  // -quantile(p), root = sqrt(-log p)
  const double r = root - 1.6;
  const double numerator =
      (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r +
           1.27045825245236838258) *
              r +
          3.64784832476320460504) *
             r +
         5.7694972214606914055) *
            r +
        4.6303378461565452959) *
           r +
       1.42343711074968357734);
  const double denominator =
      (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r +
           0.14810397642748007459) *
              r +
          0.68976733498510000455) *
             r +
         1.6763848301838038494) *
            r +
        2.05319162663775882187) *
           r +
       1);
  return numerator / denominator;
}

double far_quantile(double p) {
  if (p == 0) return std::numeric_limits<double>::infinity();
  const double r = std::sqrt(-std::log(p)) - 5;
  const double numerator =
      (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r +
           0.026532189526576123093) *
              r +
          0.29656057182850489123) *
             r +
         1.7848265399172913358) *
            r +
        5.4637849111641143699) *
           r +
       6.6579046435011037772);
  const double denominator =
      (((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r +
           7.868691311456132591e-4) *
              r +
          0.0148753612908506148525) *
             r +
         0.13692988092273580531) *
            r +
        0.59983220655588793769) *
           r +
       1);
  return numerator / denominator;
}

QUENCHED_CLONES void middle_loop(const double* p, double* x, Eigen::Index n) {
  for (Eigen::Index i = 0; i < n; ++i) x[i] = middle_quantile(p[i]);
}

QUENCHED_CLONES void tail_loop(const double* p, double* x, Eigen::Index n) {
  for (Eigen::Index i = 0; i < n; ++i) x[i] = tail_quantile(__builtin_sqrt(-::log(p[i])));
}

}  // namespace

void normal_quantile(In p, Out x) {
  const auto padded = [](Eigen::Index n) { return (n + lanes - 1) / lanes * lanes; };
  double in[stretch], out[stretch], tail[stretch], tail_out[stretch];
  Eigen::Index where[stretch];
  for (Eigen::Index first = 0; first < p.size(); first += stretch) {
    const Eigen::Index n = std::min(stretch, p.size() - first);
    std::fill(std::copy_n(p.data() + first, n, in), in + padded(n), 0.5);
    middle_loop(in, out, padded(n));
    Eigen::Index tails = 0;
    for (Eigen::Index i = 0; i < n; ++i) {
      tail[tails] = std::min(in[i], 1 - in[i]);
      where[tails] = i;
      tails += !(std::abs(in[i] - 0.5) <= middle);
    }
    std::fill(tail + tails, tail + padded(tails), 0.05);
    tail_loop(tail, tail_out, padded(tails));
    for (Eigen::Index t = 0; t < tails; ++t) {
      const double size = tail[t] >= far_tail ? tail_out[t] : far_quantile(tail[t]);
      out[where[t]] = in[where[t]] < 0.5 ? -size : size;
    }
    std::copy_n(out, n, x.data() + first);
  }
}

}  // namespace quenched::vector_math
