#include "token_race.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "smoothed_gumbel.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

/// log K and g = K'/K with two derivatives of each: columns log K, g, g', g''.
Eigen::ArrayXXd log_law(const ArrayXd& x, double s, bool gumbel) {
  Eigen::ArrayXXd f(x.size(), 4);
  if (gumbel) {
    const SmoothedGumbel K = smoothed_gumbel(x, s);
    f.col(0) = (K.above < 0.5).select((-K.above).log1p(), K.cdf.log());
    f.col(1) = K.d1 / K.cdf;
    f.col(2) = K.d2 / K.cdf - f.col(1).square();
    f.col(3) = K.d3 / K.cdf - f.col(1) * (3 * K.d2 / K.cdf - 2 * f.col(1).square());
  } else {
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const double u = x[i] / s, phi = std::exp(-u * u / 2) / std::sqrt(2 * std::numbers::pi);
      const double above = std::erfc(u / std::numbers::sqrt2) / 2,
                   Phi = std::erfc(-u / std::numbers::sqrt2) / 2;
      const double g = phi / Phi, g1 = -g * (u + g), g2 = -g1 * (u + g) - g * (1 + g1);
      f.row(i) << (u > 0 ? std::log1p(-above) : std::log(Phi)), g / s, g1 / (s * s), g2 / (s * s * s);
    }
  }
  return f;
}

/// The x between low and high where the increasing function f crosses 0, to 1e-3 of the range.
template <class Function>
double crossing(double low, double high, Function f) {
  for (const double accuracy = 1e-3 * (high - low); high - low > accuracy;) {
    const double middle = (low + high) / 2;
    (f(middle) > 0 ? high : low) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

TokenRace::TokenRace(double s, bool gumbel, int L, double accuracy) {
  const double digits = -std::log(accuracy);
  // The rule's error is that of the Fourier transform of the integrand at frequency 2 pi/step: Gaussian
  // factors of variance s^2 multiply to about s^2/L (never narrower than the extreme-value law), the Gumbel
  // strip is pi/2 wide.
  const double width = s * s / std::min<double>(L, std::max(1.0, 10.5 * std::log(L)));
  step_ = trapezoid_step(width, gumbel ? std::numbers::pi / 2 : 0, digits);

  const auto at = [&](double x) { return log_law(ArrayXd::Constant(1, x), s, gumbel).row(0).eval(); };
  const double far = 9 * s + (gumbel ? 45 : 0);
  left_ = crossing(-11 * s - (gumbel ? 4.4 : 0), 0, [&](double x) { return at(x)[0] + digits + 20; });
  const double right = crossing(0, far + std::log(L), [&](double x) { return at(x)[0] + 10 * accuracy / L; });
  nodes_ = static_cast<int>(std::ceil((right - left_) / step_)) + 1;
  nodes_ += -nodes_ & 7;
  const int steps = static_cast<int>(std::ceil((far - left_) / step_));
  const Eigen::ArrayXXd f = log_law(QuinticTable::grid(left_, step_, steps), s, gumbel);
  log_K_and_g_.emplace(left_, step_, f.leftCols(2), f.middleCols(1, 2), f.rightCols(2), nodes_);
}

void TokenRace::wins(const Batch& A, int wanted, Batch& log_S, Batch& gradient) const {
  constexpr double floor = 1e-300;
  const int L = static_cast<int>(A.cols());
  log_S.resize(A.rows(), wanted);
  gradient.resize(A.rows(), static_cast<Eigen::Index>(wanted) * L);
  ArrayXd P(nodes_);
  Eigen::MatrixXd g(nodes_, L), both(wanted, L);
  for (Eigen::Index point = 0; point < A.rows(); ++point) {
    const double top = A.row(point).maxCoeff();
    P.setZero();
    for (int l = 0; l < L; ++l) {
      g.col(l).setZero();
      log_K_and_g_->add(left_ + top - A(point, l), 1, nodes_, {P.data(), g.col(l).data()});
    }
    vector_math::exp(P, P);
    const Eigen::RowVectorXd S = (P.matrix().transpose() * g.leftCols(wanted)).array() + floor;
    log_S.row(point) = S * step_;
    vector_math::weighted_gram(g, P, wanted, both);
    for (int eps = 0; eps < wanted; ++eps) {
      double rest = 0;
      for (int l = 0; l < L; ++l) {
        if (l == eps) continue;
        const double d = both(eps, l) / S[eps];
        gradient(point, eps * L + l) = -d;
        rest += d;
      }
      gradient(point, eps * L + eps) = rest;
    }
  }
  log_S = log_S.log();
}

}  // namespace quenched
