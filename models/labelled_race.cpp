#include "labelled_race.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>
#include <quenched/vector_math.hpp>
#include <tuple>

#include "independent_tokens.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;

constexpr double race_digits = 24,
                 race_strip = std::numbers::pi / 2;  // K is regular and below 1 for |Im z| < pi/2
constexpr double most_normal = 7.75, most_t = 8.5;
constexpr int table_cells = 4;  // of the tables, a step

double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

/// E_w E^k exp(-v E), k = 0..4, and E_w t^2 E^k exp(-v E), k = 2..4, at v = e^{-z} over the tokens' values.
struct Moments {
  Eigen::ArrayXXd plain, squared;
  ArrayXd above;       // 1 - the zeroth
  double outside = 1;  // probability of values so far from y that E is 0
};

Moments moments(const ArrayXd& v, double y, double q_v, double s, double resolution) {
  const double root_s = std::sqrt(s), root_q = std::sqrt(q_v);
  const double step = std::min(0.5, root_q > 0 ? 0.125 * root_s / root_q : 0.5) / resolution;
  const auto last = [&](double sign) {  // the end of |u| <= most_normal, |t| <= most_t
    return root_q > 0 ? std::min(most_normal, (most_t * root_s + sign * y) / root_q) : most_normal;
  };
  Moments m{Eigen::ArrayXXd::Zero(v.size(), 5), Eigen::ArrayXXd::Zero(v.size(), 5), ArrayXd::Zero(v.size())};
  ArrayXd f(v.size());
  for (double j = std::ceil(-last(-1) / step); j * step <= last(1); ++j) {
    const double u = j * step, t = (y - root_q * u) / root_s, E = std::exp(-t * t / 2);
    const double weight = step * normal_density(u);
    m.outside -= weight;
    f = -E * v;
    vector_math::expm1(f, f);
    m.above -= weight * f;
    f = weight * (f + 1);
    m.plain.col(0) += f;
    for (int k = 1; k < 5; ++k) {
      f *= E;
      m.plain.col(k) += f;
      if (k > 1) m.squared.col(k) += t * t * f;
    }
  }
  m.outside = std::max(0.0, last(1) < most_normal || last(-1) < most_normal ? m.outside : 0);
  m.plain.col(0) += m.outside;
  return m;
}

/// The level below which the winner's lies with a probability under e^{-accuracy}: the CDF Phi of a planted
/// token, or, where its S is e^{-d} of the largest, e^{-d} Phi(x + d) K(x).
double leftmost(double step_y, int labels, double q_v, double s, double resolution, double accuracy) {
  const ArrayXd z = ArrayXd::LinSpaced(60, -22, 7.5), v = (-z).exp();
  ArrayXd below = ArrayXd::Zero(z.size());
  for (int i = 0; i < labels; ++i) {
    const Moments m = moments(v, i * step_y, q_v, s, resolution);
    const ArrayXd Phi = m.plain.col(1);
    for (Eigen::Index k = 0; k < z.size(); ++k) {
      const auto rest = Eigen::lastN(z.size() - k);
      below[k] += step_y / std::sqrt(s) *
                  std::max(Phi[k], m.plain(k, 0) * (Phi(rest) * (z[k] - z(rest)).exp()).maxCoeff());
    }
  }
  const Eigen::Index first =
      std::ranges::find_if(below, [&](double p) { return p > std::exp(-accuracy); }) - below.begin();
  return z[std::max<Eigen::Index>(first - 1, 0)];
}

}  // namespace

LabelledRace::LabelledRace(const Problem& problem, double q_v, double resolution, int threads)
    : root_y_(std::sqrt(1 + problem.noise)) {
  const double s = label_variance(problem, q_v);
  // Functions of (y - w)/sqrt(s), smoothed by w.
  step_y_ = 0.5 * root_y_ / resolution;
  const double accuracy = race_digits * resolution, right = accuracy + 2;  // the Gumbel law's tail is e^{-x}
  const int labels = static_cast<int>(std::ceil(std::sqrt(2 * accuracy) * root_y_ / step_y_)) + 1;
  step_ = trapezoid_step(0, race_strip, accuracy);
  left_ = leftmost(step_y_, labels, q_v, s, resolution, accuracy);
  nodes_ = static_cast<int>(std::ceil((right - left_) / step_)) + 1;
  nodes_ += -nodes_ & 7;
  labels_.resize(static_cast<std::size_t>(labels));
  parallel_for(labels, threads, [&](int i) {
    Label& label = labels_[static_cast<std::size_t>(i)] = tabulated(i * step_y_, q_v, s, resolution);
    // The planted measure of y is N(y; w_eps, s), whose average over w is N(y; 0, 1 + Delta).
    label.weight = (i == 0 ? 1 : 2) * step_y_ / std::sqrt(2 * std::numbers::pi * s);
    const auto tail = [&](double x) { return std::erfc(x * step_y_ / root_y_ / std::numbers::sqrt2); };
    label.probability = (i == 0 ? 1 : tail(i - 0.5)) - (i + 1 == labels ? 0 : tail(i + 0.5));
  });
}

LabelledRace::Label LabelledRace::tabulated(double y, double q_v, double s, double resolution) const {
  const ArrayXd z = QuinticTable::grid(left_, step_, nodes_, table_cells), v = (-z).exp(), v2 = v.square(),
                v3 = v2 * v;
  const Moments m = moments(v, y, q_v, s, resolution);
  constexpr double least = 1e-250;
  const ArrayXd K = m.plain.col(0).max(least);
  const auto& [phi, psi] = std::tie(m.plain, m.squared);
  const ArrayXd g = v * phi.col(1) / K, g1 = (v2 * phi.col(2) - v * phi.col(1)) / K - g.square();
  Label label{0, 0, 0, {}};
  Eigen::ArrayXXd functions(z.size(), 4), slopes = functions, curvatures = functions;
  Eigen::Index column = 0;
  const auto add = [&](const ArrayXd& f, const ArrayXd& d1, const ArrayXd& d2) {
    functions.col(column) = f, slopes.col(column) = d1, curvatures.col(column++) = d2;
  };
  const auto add_over_K = [&](const ArrayXd& f, const ArrayXd& d1, const ArrayXd& d2, double less) {
    const ArrayXd F = f / K, F1 = d1 / K - F * g, F2 = (d2 - d1 * g) / K - F1 * g - F * g1;
    add(F - less, F1, F2);
  };
  const auto first = [&](const auto& k) { return (v * k.col(2)).eval(); };
  const auto second = [&](const auto& k) { return (v2 * k.col(3) - v * k.col(2)).eval(); };
  const auto third = [&](const auto& k) { return (v * k.col(2) - 3 * v2 * k.col(3) + v3 * k.col(4)).eval(); };
  add((K < 0.5).select(K.log(), (-m.above).log1p()), g, g1);
  label.Phi_infinity = std::exp(-y * y / (2 * (q_v + s))) * std::sqrt(s / (q_v + s));
  add_over_K(phi.col(1), first(phi), second(phi), label.Phi_infinity);
  add_over_K(first(phi), second(phi), third(phi), 0);
  add_over_K(first(psi), second(psi), third(psi), 0);
  label.tables.emplace(left_, step_, functions, slopes, curvatures, nodes_, table_cells);
  return label;
}

Batch LabelledRace::means(const Batch& log_S, const Batch& G, int places, bool with_log_sum,
                          const ArrayXd* label) const {
  const auto L = static_cast<int>(log_S.cols()), used = std::min(L, places);
  Batch out = Batch::Zero(log_S.rows(), race_means);
  Eigen::MatrixXd X(nodes_, L), p(used, L), force;
  // G's transpose, of rows to the next multiple of 8.
  const int padded = L + (-L & 7);
  Eigen::MatrixXd G_i = Eigen::MatrixXd::Zero(padded, L);
  const ArrayXd ones = ArrayXd::Ones(padded);
  Eigen::MatrixXd own(nodes_, used), own2(nodes_, used);
  Eigen::RowVectorXd win(used), win2(used);
  ArrayXd P(nodes_);
  const ArrayXd x = ArrayXd::LinSpaced(nodes_, left_, left_ + (nodes_ - 1) * step_), e = (-x).exp(),
                gumbel = (-e).exp();
  for (Eigen::Index i = 0; i < log_S.rows(); ++i) {
    const double top = log_S.row(i).maxCoeff();  // x is counted from there
    const Eigen::ArrayXd S = (log_S.row(i) - top).exp();
    for (int l = 0; l < L; ++l)
      for (int m = 0; m < L; ++m) G_i(m, l) = G(i, static_cast<Eigen::Index>(l) * L + m);
    vector_math::weighted_gram(G_i, ones, used, force);
    const auto one = [&] { return std::lround(std::abs((*label)[i]) * root_y_ / step_y_); };
    const std::size_t last = labels_.size() - 1,
                      from = label ? std::min(static_cast<std::size_t>(one()), last) : 0;
    for (std::size_t y = from; y <= (label ? from : last); ++y) {
      const auto& [whole, probability, Phi_infinity, tables] = labels_[y];
      const double weight = label ? whole / probability : whole;
      P.setZero(), own.setZero(), own2.setZero();
      X.setConstant(Phi_infinity);
      for (int l = 0; l < L; ++l) {
        const double z = left_ + top - log_S(i, l);
        if (l < used)
          tables->add(z, 1, nodes_, {P.data(), X.col(l).data(), own.col(l).data(), own2.col(l).data()});
        else
          tables->add(z, 1, nodes_, {P.data(), X.col(l).data()});
      }
      vector_math::exp(P, P);
      for (int l = 0; l < L; ++l) X.col(l) *= S[l];
      if (with_log_sum) {
        // E log sum exp(a) = E max_l (a_l + G_l) - gamma = top + Int (H - P sum_l X_l) dx, H standard Gumbel.
        const double C = weight * std::exp(top), rest = step_ * (C * P * X.array().rowwise().sum()).sum();
        // At infinity the second term is the weight of this label alone, which averages to that of H.
        out(i, log_sum) += C * Phi_infinity * S.sum() * (top + step_ * gumbel.sum()) - rest;
      }
      vector_math::weighted_gram(X, P * e, used, p);
      double squared = 0;
      win.noalias() = P.matrix().transpose() * own, win2.noalias() = P.matrix().transpose() * own2;
      for (int l = 0; l < used; ++l) {
        p(l, l) = S[l] * win[l];
        squared += S[l] * win2[l];
      }
      const double common = weight * std::exp(top) * step_ * (double(L) / used);
      out(i, forces) += common * force.cwiseProduct(p).sum();
      out(i, squares) += common * squared;
    }
  }
  return out;
}

}  // namespace quenched
