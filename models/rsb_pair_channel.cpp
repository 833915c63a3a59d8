#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <limits>
#include <quenched/parallel.hpp>
#include <quenched/vector_math.hpp>
#include <vector>

#include "convolution_axis.hpp"
#include "pair_line.hpp"
#include "rsb_channel.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;

using Axis = ConvolutionAxis;

/// d/dx on the outer nodes: stencil of order eight, from 4 nodes before.
ArrayXd slope(const Axis& axis) {
  return (ArrayXd(9) << 1. / 280, -4. / 105, 1. / 5, -4. / 5, 0, 4. / 5, -1. / 5, 4. / 105, -1. / 280)
             .finished() /
         axis.step;
}

/// What is tabulated: the minimum M, g_k = (gamma, -gamma), g_v = s rho at every node, and what depends on
/// them.
namespace entry {
enum : int {
  weight,
  gamma,
  v1,
  v2,
  qhat_k,
  qhat_v,
  rho_squared,
  loss,
  fixed_point,
  div_k = fixed_point,
  div_v,
  G_kk,
  G_kv,
  G_vv,
  all
};
}

/// Softmax-like attention over two tokens: M and g depend on d = y - w (two Gaussians) and c = omega_1 -
/// omega_2 only, and states differ by independent normals of variances d_v, d_v, 2 d_k. On the principal axes
/// u of d's outer law the inner average is a convolution along u_1, u_2 and c:
///     E_1 exp(-Y M) F = (K_c x K_1 x K_2) [exp(-Y M) F],
/// the outer one a trapezoid sum. M is the exact global minimum, from the lower hull of Phi + delta^2/(4
/// V_k).
class RsbPairChannel final : public RsbChannel {
 public:
  RsbPairChannel(const Problem& problem, const Activation& activation, const ChannelOptions& options)
      : problem_(problem),
        activation_(activation),
        options_(options),
        scale_(1.2 * std::pow(0.8, options.level)),
        reach_(std::min(6.5, 5.5 + 0.25 * options.level)) {}

  std::string rule() const override {
    return "convolutions on a grid, 3 dimensions, step " + std::to_string(scale_).substr(0, 4);
  }

  bool sampled() const override { return false; }

  ChannelMeans means(const RsbOverlaps& o, double Y, bool diagnostics) override {
    ChannelMeans m{sweep(o, Y, scale_, diagnostics), {}};
    m.deviation = Batch::Zero(1, m.value.size());
    if (diagnostics)
      m.deviation = refinement_deviation(m.value, sweep(o, Y, 1.25 * scale_, true),
                                         sweep(o, Y, 1.5625 * scale_, true), rsb_mean::fixed_point);
    return m;
  }

 private:
  /// E[xi, zeta_1, zeta_2 | d] = given u/sigma and d = of_u u, for the principal axes u of d = y - w.
  struct OuterLaw {
    double slope, spread;
    Eigen::Matrix<double, 3, 2> given;
    Eigen::Matrix2d of_u;
    Eigen::Vector2d sigma;
    OuterLaw(const RsbOverlaps& o, double noise) {
      const double root = std::sqrt(o.q0_v);
      slope = root > 0 ? o.m_v / root : 0, spread = 1 - slope * slope + noise;
      Eigen::Matrix<double, 2, 3> A;
      A << std::sqrt(spread), slope - root, 0, std::sqrt(spread), slope, -root;
      Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> principal;
      principal.computeDirect(A * A.transpose());
      of_u = principal.eigenvectors(), sigma = principal.eigenvalues().cwiseSqrt();
      given = A.transpose() * of_u * sigma.cwiseInverse().asDiagonal();
    }
  };

  [[nodiscard]] ArrayXd sweep(const RsbOverlaps& o, double Y, double scale, bool diagnostics) {
    const int entries = diagnostics ? entry::all : entry::fixed_point;
    const OuterLaw outer(o, problem_.noise);
    const DifferenceLaw law(*problem_.task, o.m_k, o.q0_k);
    const double d_v = std::sqrt(std::max(0.0, o.q1_v - o.q0_v)),
                 d_k = std::sqrt(2 * std::max(0.0, o.q1_k - o.q0_k));
    // Where V is 1e-8 and less, iterates may leave what the grid can hold.
    constexpr double widest = 1e4;
    if (!(law.sigma > 0 && outer.sigma.minCoeff() > 0 && law.sigma + d_k + std::abs(law.mu) < widest &&
          outer.sigma.maxCoeff() + d_v < widest && o.V_k < std::numeric_limits<double>::max()))
      return ArrayXd::Constant(diagnostics ? rsb_mean::all : rsb_mean::fixed_point, unknown);
    const auto axis = [&](double sigma, double spread) {
      return Axis(sigma, spread, 0.25 * scale * std::hypot(sigma, spread), reach_);
    };
    const Axis c = axis(law.sigma, d_k), u1 = axis(outer.sigma[0], d_v), u2 = axis(outer.sigma[1], d_v);

    const Eigen::Index n_c = c.inner.size(), n_1 = u1.inner.size(), n_2 = u2.inner.size();
    auto table = within(table_, n_c * n_1 * n_2, entries);
    const PairNodes line = delta_nodes(o, law.mu + c.inner, scale);
    parallel_for(static_cast<int>(n_1 / 2), options_.threads, [&](int i) {
      for (Eigen::Index j = 0; j < n_2; ++j) {
        const Batch column = minima(o, Y, line, law.mu + c.inner, c.resolved,
                                    outer.of_u * Eigen::Vector2d(u1.inner[i], u2.inner[j]), diagnostics);
        table.middleRows(n_c * (i + n_1 * j), n_c) = column;  // and at -(y, w)
        auto mirror = table.middleRows(n_c * (n_1 - 1 - i + n_1 * (n_2 - 1 - j)), n_c);
        mirror = column;
        mirror.middleCols<2>(entry::v1) *= -1;
      }
    });

    const Eigen::Index N_c = c.outer.size(), N_1 = u1.outer.size(), N_2 = u2.outer.size();
    // Every mean is even under u -> -u: half of u_1, and what differences there take.
    const Eigen::Index kept = N_1 / 2 + (diagnostics ? 4 : 0);
    auto averaged = within(averaged_, N_c * kept * N_2, entries);
    const Eigen::Index wanted = kept + u1.kernel.size() - 1;  // rows of u_1 that the kept ones take
    parallel_for(entries, options_.threads, [&](int e) {
      ArrayXd along_2(n_c * wanted * N_2), along_1(n_c * kept);
      for (Eigen::Index j = 0; j < N_2; ++j)
        convolve(n_c * wanted, u2.kernel.size(), n_c * n_1, u2.kernel.data(),
                 table.col(e).data() + n_c * n_1 * j, along_2.data() + n_c * wanted * j);
      for (Eigen::Index j = 0; j < N_2; ++j) {
        convolve(n_c * kept, u1.kernel.size(), n_c, u1.kernel.data(), along_2.data() + n_c * wanted * j,
                 along_1.data());
        for (Eigen::Index i = 0; i < kept; ++i)
          convolve(N_c, c.kernel.size(), 1, c.kernel.data(), along_1.data() + n_c * i,
                   averaged.col(e).data() + N_c * (i + kept * j));
      }
    });
    return outer_average(o, outer, law, c, u1, u2, averaged, kept, diagnostics);
  }

  /// Nodes over which the proximal points of all c lie; beyond them the attention is saturated.
  [[nodiscard]] PairNodes delta_nodes(const RsbOverlaps& o, const ArrayXd& c, double scale) const {
    const double size = 1 + problem_.noise + o.q1_v;
    const double far = 1 + std::log1p(2 * o.V_k * reach_ * reach_ * size);
    const double low = std::min(c.minCoeff(), -far) - 1, high = std::max(c.maxCoeff(), far) + 1;
    const auto n = static_cast<Eigen::Index>(std::ceil((high - low) / (0.1 * std::min(1.0, scale))));
    return {activation_, ArrayXd::LinSpaced(n + 1, low, high), ArrayXd::Zero(n + 1)};
  }

  /// exp(-Y M) times the entries, at every c for one d.
  [[nodiscard]] Batch minima(const RsbOverlaps& o, double Y, const PairNodes& line, const ArrayXd& c,
                             double resolved, const Eigen::Vector2d& d, bool diagnostics) const {
    PairScan scan;
    scan.evaluate(line, d, o.V_k, o.V_v);
    const ArrayXd psi = scan.loss + line.delta.square() / (4 * o.V_k);
    const std::vector<Eigen::Index> hull = lower_hull(line.delta, psi);
    // The vertex where psi - c delta/(2 V_k) is least, and its neighbour across the nearest gap, in case the
    // gap's edge is off.
    const Eigen::Index n = c.size();
    ArrayXd delta(2 * n);
    std::vector<Jump> found;
    std::size_t at = 0;
    bool jumps = false;
    const double cell = line.delta[1] - line.delta[0];
    const auto tilted = [&](std::size_t k, double field) {
      return psi[hull[k]] - field * line.delta[hull[k]] / (2 * o.V_k);
    };
    const auto step = [&](double miss, double slope) {
      return std::clamp(miss / std::max(slope, 1e-3), -cell, cell);
    };  // Newton's
    for (Eigen::Index i = 0; i < n; ++i) {
      while (at + 1 < hull.size() && tilted(at + 1, c[i]) <= tilted(at, c[i])) {
        if (i > 0 && hull[at + 1] - hull[at] > 1) {
          const double edge = 2 * o.V_k * (psi[hull[at + 1]] - psi[hull[at]]) /
                              (line.delta[hull[at + 1]] - line.delta[hull[at]]);
          found.push_back({i - 1, std::clamp((edge - c[i - 1]) / (c[1] - c[0]), 0.0, 1.0)});
        }
        ++at;
      }
      std::size_t other = at;
      if (at + 1 < hull.size() && hull[at + 1] - hull[at] > 1)
        other = at + 1;
      else if (at > 0 && hull[at] - hull[at - 1] > 1)
        other = at - 1;
      jumps = jumps || other != at;
      const auto from = [&](Eigen::Index vertex) {
        return line.delta[vertex] + step(c[i] - scan.c[vertex], scan.c1[vertex]);
      };
      delta[i] = from(hull[at]), delta[n + i] = from(hull[other]);
    }
    if (!jumps) delta.conservativeResize(n);
    PairNodes nodes(activation_, delta, ArrayXd());
    scan.evaluate(nodes, d, o.V_k, o.V_v);
    for (Eigen::Index i = 0; i < delta.size(); ++i) delta[i] += step(c[i % n] - scan.c[i], scan.c1[i]);
    if (jumps) {
      const auto height = [&](Eigen::Index i) {
        return scan.loss[i] + std::pow(nodes.delta[i] - c[i % n], 2) / (4 * o.V_k);
      };
      for (Eigen::Index i = 0; i < n; ++i)
        if (height(n + i) < height(i)) delta[i] = delta[n + i];
      delta.conservativeResize(n);
    }
    nodes = PairNodes(activation_, delta, ArrayXd());
    scan.evaluate(nodes, d, o.V_k, o.V_v);
    const ArrayXd M = scan.loss + (delta - c).square() / (4 * o.V_k);
    Batch f(n, diagnostics ? entry::all : entry::fixed_point);
    const ArrayXd power = PairScan::power(nodes), rho2 = scan.rho.square();
    f.col(entry::weight) = (-Y * M).exp();
    f.col(entry::gamma) = (nodes.delta - c) / (2 * o.V_k);
    f.col(entry::v1) = nodes.p * scan.rho, f.col(entry::v2) = (1 - nodes.p) * scan.rho;
    f.col(entry::qhat_k) = 2 * f.col(entry::gamma).square();
    f.col(entry::qhat_v) = power * rho2;
    f.col(entry::rho_squared) = rho2;
    f.col(entry::loss) = M;
    if (diagnostics) {  // c' > 0 at a global minimum
      const ArrayXd inverse = 1 / scan.c1.max(1e-3), a2 = scan.moved_squared(nodes);
      f.col(entry::div_k) = (inverse - 1) / o.V_k;
      f.col(entry::div_v) = 2 * o.V_k * a2 * inverse - power / scan.D;
      f.col(entry::G_kk) = ((1 - scan.c1) * inverse / o.V_k).square();
      f.col(entry::G_kv) = 2 * a2 * inverse.square();
      f.col(entry::G_vv) = (power / scan.D).square() -
                           4 * o.V_k * scan.moved_along_s(nodes).square() * inverse / scan.D +
                           (2 * o.V_k * a2 * inverse).square();
    }
    for (Eigen::Index e = 1; e < f.cols(); ++e) f.col(e) *= f.col(entry::weight);
    const Batch plain = f;
    for (const Jump& jump : found) across(jump, plain, resolved, f);
    return f;
  }

  /// The global minimum jumps between c_i and c_(i+1), at c_i + place steps.
  struct Jump {
    Eigen::Index i;
    double place;
  };

  /// What the trapezoid sum along c makes of a function that has a jump of value J and of slope s there is
  /// too much by J B_1(place) - s B_2(place)/2 (Euler and Maclaurin, Bernoulli's polynomials): taken off at
  /// the place, between the two nodes.
  static void across(const Jump& jump, const Batch& plain, double resolved, Batch& f) {
    const auto [i, x] = jump;
    if (i < 1 || i + 2 >= f.rows()) return;
    for (Eigen::Index e = 0; e < f.cols(); ++e) {
      const double left = plain(i, e) - plain(i - 1, e), right = plain(i + 2, e) - plain(i + 1, e);
      const double J = e == entry::weight
                           ? 0
                           : plain(i + 1, e) - (1 - x) * right - plain(i, e) - x * left;  // M is continuous
      const double excess = resolved * (J * (x - 0.5) - (right - left) * (x * x - x + 1. / 6) / 2);
      f(i, e) -= (1 - x) * excess, f(i + 1, e) -= x * excess;
    }
    for (const Eigen::Index at : {i, i + 1})
      f(at, entry::weight) = std::max(f(at, entry::weight), 0.5 * plain(at, entry::weight));
  }

  [[nodiscard]] ArrayXd outer_average(const RsbOverlaps& o, const OuterLaw& outer, const DifferenceLaw& law,
                                      const Axis& c, const Axis& u1, const Axis& u2, Eigen::Map<Batch> f,
                                      Eigen::Index kept, bool diagnostics) const {
    namespace R = rsb_mean;
    const Eigen::Index N_c = c.outer.size(), N_1 = u1.outer.size(), N_2 = u2.outer.size();
    const ArrayXd Z = f.col(entry::weight).max(1e-300);  // <.> = E_1 exp(-Y M) . / Z
    for (Eigen::Index e = 1; e < f.cols(); ++e) f.col(e) /= Z;
    ArrayXd weight_c = c.weight, T;
    law.apply(c.outer / law.sigma, weight_c, T);
    const ArrayXd score_c = (law.mu + c.outer - o.m_k * T) / o.q0_k;
    const double root = std::sqrt(o.q0_v);
    ArrayXd total = ArrayXd::Zero(diagnostics ? R::all : R::fixed_point);
    for (Eigen::Index j = 0; j < N_2; ++j)
      for (Eigen::Index i = 0; i < N_1 / 2; ++i) {
        const auto at = f.middleRows(N_c * (i + kept * j), N_c);
        const Eigen::Vector3d given =
            outer.given * Eigen::Vector2d(u1.outer[i] / outer.sigma[0], u2.outer[j] / outer.sigma[1]);
        const double t_v = given[0] / std::sqrt(outer.spread);
        const double score_1 = root > 0 ? (given[1] - outer.slope * t_v) / root : 0,
                     score_2 = root > 0 ? given[2] / root : 0;
        const ArrayXd mass = weight_c * (2 * u1.weight[i] * u2.weight[j]);
        const auto gamma = at.col(entry::gamma), v1 = at.col(entry::v1), v2 = at.col(entry::v2);
        total[R::mhat_k] += (mass * gamma * T).sum();
        total[R::qhat0_k] += 2 * (mass * gamma.square()).sum();
        total[R::Vhat_k] -= (mass * gamma * score_c).sum();
        total[R::mhat_v] += (mass * v1).sum() * t_v;
        total[R::qhat0_v] += (mass * (v1.square() + v2.square())).sum();
        total[R::Vhat_v] -= (mass * (v1 * score_1 + v2 * score_2)).sum();
        total[R::log_mean] += (mass * Z.segment(N_c * (i + kept * j), N_c).log()).sum();
        const auto plain = [&](int mean, int e, double sign = 1) {
          total[mean] += sign * (mass * at.col(e)).sum();
        };
        plain(R::qhat1_k, entry::qhat_k), plain(R::qhat1_v, entry::qhat_v);
        plain(R::rho_squared, entry::rho_squared), plain(R::loss, entry::loss);
        if (!diagnostics) continue;
        plain(R::pointwise_k, entry::div_k, -1), plain(R::pointwise_v, entry::div_v, -1);
        plain(R::inside_kk, entry::G_kk), plain(R::inside_kv, entry::G_kv), plain(R::inside_vv, entry::G_vv);
      }
    if (diagnostics) between(c, u1, u2, weight_c, f, kept, total);
    DifferenceLaw(*problem_.task, o.m_k, o.q1_k).fresh_sample(activation_, total[R::hit], total[R::power]);
    return total;
  }

  /// The response of <g> to the outer fields, by differences: jumps are smoothed by the inner average and so
  /// are not missed.
  void between(const Axis& c, const Axis& u1, const Axis& u2, const ArrayXd& weight_c,
               const Eigen::Map<Batch>& f, Eigen::Index kept, ArrayXd& total) const {
    constexpr int tables[] = {entry::gamma, entry::v1, entry::v2};
    constexpr Eigen::Index ends = 4;  // weightless
    const Eigen::Index N_c = c.outer.size(), half = u1.outer.size() / 2, N_2 = u2.outer.size();
    Eigen::Array<double, 2, 3> squares;  // E (d/dc)^2, E |d/du|^2 of each
    const ArrayXd stencil_c = slope(c), stencil_1 = slope(u1), stencil_2 = slope(u2);
    parallel_for(3, options_.threads, [&](int k) {
      ArrayXd by_c = ArrayXd::Zero(N_c), by_1 = by_c, by_2 = by_c;
      double along_c = 0, along_u = 0;
      for (Eigen::Index j = ends; j + ends < N_2; ++j)
        for (Eigen::Index i = ends; i < half; ++i) {
          const double* at = f.col(tables[k]).data() + N_c * (i + kept * j);
          convolve(N_c - 2 * ends, 9, 1, stencil_c.data(), at, by_c.data() + ends);
          convolve(N_c, 9, N_c, stencil_1.data(), at - ends * N_c, by_1.data());
          convolve(N_c, 9, N_c * kept, stencil_2.data(), at - ends * N_c * kept, by_2.data());
          const double mass = 2 * u1.weight[i] * u2.weight[j];
          along_c += mass * (weight_c * by_c.square()).sum();
          along_u += mass * (weight_c * (by_1.square() + by_2.square())).sum();
        }
      squares.col(k) << along_c, along_u;
    });
    total[rsb_mean::between_kk] = 4 * squares(0, 0), total[rsb_mean::between_kv] = 2 * squares(1, 0),
    total[rsb_mean::between_vv] = squares(1, 1) + squares(1, 2);
  }

  Problem problem_;
  const Activation& activation_;
  ChannelOptions options_;
  double scale_;
  double reach_;  // standard deviations kept, of the outer and of the inner average: tails of 4e-8 to 8e-11
  ArrayXd table_, averaged_;  // of one sweep: kept, as fresh pages are dear
};

}  // namespace

std::unique_ptr<RsbChannel> rsb_pair_channel(const Problem& problem, const Activation& activation,
                                             const ChannelOptions& options) {
  return std::make_unique<RsbPairChannel>(problem, activation, options);
}

}  // namespace quenched
