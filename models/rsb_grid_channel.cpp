#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>
#include <vector>

#include "field_table.hpp"
#include "folded_grid.hpp"
#include "global_proximal.hpp"
#include "rsb_channel.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::Index;
namespace R = rsb_mean;

/// What is tabulated: the minimum M, g_k in the plane, g_v = s rho at every node, and what depends on them.
namespace tabled {
enum : int {
  weight,
  g1,
  g2,
  v1,
  v2,
  v3,
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
/// The mean that is the average of each of the last of them.
constexpr std::array plain_mean = {R::qhat1_k,     R::qhat1_v,   R::rho_squared, R::loss,     R::pointwise_k,
                                   R::pointwise_v, R::inside_kk, R::inside_kv,   R::inside_vv};
constexpr Index stencil = 2;  // outer nodes beyond the weight, for differences

/// Of entry e.
FoldedGrid::Symmetry symmetry_of(int e) {
  return {.sign = e >= tabled::v1 && e <= tabled::v3 ? -1. : 1.,
          .exchange = e == tabled::g2 ? -1. : 1.,
          .exchanged = e == tabled::v2   ? tabled::v3
                       : e == tabled::v3 ? tabled::v2
                                         : e};
}

/// Entries at the nodes that carry weight.
struct Table {
  std::vector<FoldedGrid::Place> node;
  Batch values;
};

/// Softmax-like attention over three tokens: M and g depend on d = y - w (three Gaussians) and on omega in
/// the plane without the common mode (two) only. As in rsb_pair_channel.cpp they are tabulated on a grid, the
/// inner average is one convolution an axis, and the outer one a trapezoid sum over a ball. Where the grid
/// would be too fine the sampled rule takes its place.
class RsbGridChannel final : public RsbChannel {
 public:
  RsbGridChannel(const Problem& problem, const Activation& activation, const ChannelOptions& options)
      : problem_(problem),
        activation_(activation),
        options_(options),
        scale_(coarse_scale * std::pow(0.8, options.level)) {
    B_ << 2, 0, -1, 1, -1, -1;
    B_.colwise().normalize();
  }

  bool sampled() const override { return sampled_ != nullptr; }
  std::string rule() const override {
    if (sampled_) return sampled_->rule();
    return "convolutions on a grid, 5 dimensions, step " + std::to_string(scale_).substr(0, 4);
  }

  ChannelMeans means(const RsbOverlaps& o, double Y, bool diagnostics) override {
    constexpr double most = 1.6e6;  // nodes at level 0; ten times as many at level 2, in a gigabyte or two
    if (!sampled_ && !(size(o, Y) < most)) {  // for good: two maps would not have one fixed point
      ChannelOptions finer = options_;
      finer.level += 2;
      sampled_ = rsb_controlled_channel(problem_, activation_, L, finer);
    }
    if (sampled_) return sampled_->means(o, Y, diagnostics);
    ChannelMeans m{sweep(o, Y, scale_, diagnostics), {}};
    m.deviation = Batch::Zero(1, m.value.size());
    if (diagnostics)
      m.deviation = refinement_deviation(m.value, sweep(o, Y, 1.25 * scale_, true),
                                         sweep(o, Y, 1.5625 * scale_, true), R::fixed_point);
    return m;
  }

 private:
  static constexpr Index L = 3;
  static constexpr double coarse_scale = 0.75;
  static constexpr double reach = 5.5;  // standard deviations kept, of both averages: 1e-5 lies beyond
  static constexpr double feature = 2;  // how far omega moves before softmax does

  /// E[xi, zeta_1 .. zeta_3 | d] = given u/sigma and d = of_u u.
  struct OuterLaw {
    double root, slope, spread;
    Eigen::Matrix<double, 4, 3> given;
    Eigen::Matrix3d of_u;
    Eigen::Vector3d sigma;
    OuterLaw(const RsbOverlaps& o, double noise) {
      root = std::sqrt(o.q0_v);
      slope = root > 0 ? o.m_v / root : 0, spread = 1 - slope * slope + noise;
      Eigen::Matrix<double, 3, 4> A = Eigen::Matrix<double, 3, 4>::Zero();
      A.col(0).setConstant(std::sqrt(spread)), A.col(1).setConstant(slope);
      A.rightCols<3>().diagonal().array() -= root;
      constexpr double half = std::numbers::sqrt2 / 2;
      Eigen::Matrix3d even;  // two axes that the exchange leaves alone, and the one across
      even << 1, 0, 0, 0, half, half, 0, half, -half;
      const Eigen::Matrix3d covariance = even.transpose() * A * A.transpose() * even;
      Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> principal;
      principal.computeDirect(Eigen::Matrix2d(covariance.topLeftCorner<2, 2>()));
      Eigen::Matrix3d turn = Eigen::Matrix3d::Identity();
      turn.topLeftCorner<2, 2>() = principal.eigenvectors();
      of_u = even * turn;
      sigma << principal.eigenvalues().cwiseSqrt(), std::sqrt(covariance(2, 2));
      given = A.transpose() * of_u * sigma.cwiseInverse().asDiagonal();
    }
    /// E of the teacher's score of w_eps, and of the scores of w, given d.
    [[nodiscard]] Eigen::Vector4d scores(const Eigen::Vector3d& u_over_sigma) const {
      Eigen::Vector4d s = given * u_over_sigma;
      s[0] /= std::sqrt(spread);
      s[1] -= slope * s[0];
      s.tail<3>() /= root;
      return s;
    }
  };

  /// Steps of omega and of u over `scale` and the standard deviations: short beside what exp(-Y M) varies
  /// over, some 1/sqrt(Y).
  static double widest_k(double Y) { return feature * std::min(1.0, std::sqrt(2 / Y)); }
  static double widest_v(double Y) { return feature * std::sqrt(2 / Y); }

  /// Of the grid at level 0, in nodes; infinite or not a number where there is none.
  [[nodiscard]] double size(const RsbOverlaps& o, double Y) const {
    const OuterLaw law(o, problem_.noise);
    const auto nodes = [&](double sigma, double variance, double widest) {
      const double spread = std::sqrt(variance),
                   step = coarse_scale * std::min(std::hypot(sigma, spread), widest);
      return 2 * reach * (sigma + (spread < step ? 0 : spread)) / step + 4;
    };
    if (!(law.sigma.minCoeff() > 0 && o.V_k < std::numeric_limits<double>::max())) return unknown;
    double n = std::pow(nodes(std::sqrt(o.q0_k), o.q1_k - o.q0_k, widest_k(Y)), 2) / 4;
    for (const double sigma : law.sigma) n *= nodes(sigma, o.q1_v - o.q0_v, widest_v(Y));
    return n;
  }

  [[nodiscard]] static FoldedGrid grid(const RsbOverlaps& o, double Y, const OuterLaw& law, double scale,
                                       bool diagnostics) {
    const Index ends = diagnostics ? stencil : 0;
    const auto axis = [&](double sigma, double variance, double widest) {
      const double spread = std::sqrt(std::max(0.0, variance));
      return ConvolutionAxis(sigma, spread, scale * std::min(std::hypot(sigma, spread), widest), reach, ends);
    };
    const auto u = [&](Index a) { return axis(law.sigma[a], o.q1_v - o.q0_v, widest_v(Y)); };
    const ConvolutionAxis c = axis(std::sqrt(o.q0_k), o.q1_k - o.q0_k, widest_k(Y));
    return {{c, c, u(1), u(0), u(2)}, ends};
  }

  [[nodiscard]] ArrayXd sweep(const RsbOverlaps& o, double Y, double scale, bool diagnostics) {
    const OuterLaw law(o, problem_.noise);
    const FieldTable fields(*problem_.task, B_, o.m_k, o.q0_k, options_.level < 0, options_.threads);
    const FoldedGrid g = grid(o, Y, law, scale, diagnostics);
    constexpr double passes = 0.2;  // what the averages of an entry at a node are worth
    if (options_.work)              // before memory is taken
      options_.work->spend(passes * double(product(g.inner)) *
                           int{diagnostics ? tabled::all : tabled::fixed_point});
    const Table table = tabulated(o, Y, law, fields.centre()[0], g);
    const bool exact = std::ranges::all_of(g.axis, [](const auto& x) { return (x.kernel == x.wider).all(); });
    ArrayXd total = averages(o, law, fields, g, table, &ConvolutionAxis::kernel);
    if (!exact) total = 2 * total - averages(o, law, fields, g, table, &ConvolutionAxis::wider);
    FieldTable(*problem_.task, B_, o.m_k, o.q1_k, false, options_.threads)
        .fresh_sample(activation_, total[R::hit], total[R::power]);
    return total;
  }

  [[nodiscard]] Table tabulated(const RsbOverlaps& o, double Y, const OuterLaw& law, double centre,
                                const FoldedGrid& g) {
    Table table{g.weighty(reach), {}};
    const auto nodes = static_cast<Index>(table.node.size());
    table.values.resize(nodes, g.ends > 0 ? tabled::all : tabled::fixed_point);
    const Eigen::Array<double, 8, 1> here(o.m_k, o.q0_k, o.q1_k, o.V_k, o.m_v, o.q0_v, o.q1_v, o.V_v);
    constexpr double moved = 0.02;
    if (known_.quarter != g.quarter)
      known_.quarter = g.quarter, known_.point.resize(product(g.quarter), 2), known_.seen.clear();
    const bool all = g.ends > 0 || known_.seen.empty() ||
                     ((here - known_.searched).abs() > moved * (1 + here.abs())).any();
    if (all)
      known_.searched = here, known_.seen.assign(static_cast<std::size_t>(known_.point.rows()), unseen);
    constexpr Index block = 256;
    parallel_for(static_cast<int>((nodes + block - 1) / block), options_.threads, [&](int b) {
      const Index first = b * block, n = std::min(block, nodes - first);
      Eigen::MatrixXd c(n, 2), u(n, 3);
      for (Index p = 0; p < n; ++p) {
        const auto& at = table.node[static_cast<std::size_t>(first + p)];
        c.row(p) << centre + g.axis[0].inner[at[0]], g.axis[1].inner[at[1]];
        u.row(p) << g.axis[3].inner[at[3]], g.axis[2].inner[at[2]], g.axis[4].inner[at[4]];
      }
      const Batch omega = (c * B_.transpose()).array(), w = -(u * law.of_u.transpose()).array();
      GlobalProximal proximal(activation_, L, {.V_k = o.V_k, .V_v = o.V_v}, options_.work.get());
      Batch start = omega;
      std::vector<Index> place(static_cast<std::size_t>(n)), rows;
      for (Index p = 0; p < n; ++p) {
        const Index at = place[static_cast<std::size_t>(p)] =
            place_of(table.node[static_cast<std::size_t>(first + p)], g.quarter);
        const char seen = known_.seen[static_cast<std::size_t>(at)];
        if (seen != alone) rows.push_back(p);
        if (seen != unseen) start.row(p) = (known_.point.row(at).matrix() * B_.transpose()).array();
      }
      proximal.minimise(omega, ArrayXd::Zero(n), w, &start, &rows);
      for (Index p = 0; p < n; ++p) {
        const Index at = place[static_cast<std::size_t>(p)];
        char& seen = known_.seen[static_cast<std::size_t>(at)];
        if (seen == unseen) seen = proximal.competing[p] > 0 ? contested : alone;
        known_.point.row(at) = (proximal.best.x.row(p).matrix() * B_).array();
      }
      table.values.middleRows(first, n) = entries(o, Y, omega, proximal, g.ends > 0);
    });
    return table;
  }

  /// exp(-Y M) times the entries, one row a node.
  [[nodiscard]] Batch entries(const RsbOverlaps& o, double Y, const Batch& omega,
                              const GlobalProximal& proximal, bool diagnostics) const {
    const ProximalMinimum& best = proximal.best;
    Batch f(omega.rows(), diagnostics ? tabled::all : tabled::fixed_point);
    f.col(tabled::weight) = (-Y * best.value).exp();
    const Batch g = (best.x - omega) / o.V_k;
    f.middleCols<2>(tabled::g1) = (g.matrix() * B_).array();
    f.middleCols<3>(tabled::v1) = proximal.loss.jet.s.colwise() * proximal.loss.rho;
    f.col(tabled::qhat_k) = f.middleCols<2>(tabled::g1).square().rowwise().sum();
    f.col(tabled::qhat_v) = f.middleCols<3>(tabled::v1).square().rowwise().sum();
    f.col(tabled::rho_squared) = proximal.loss.rho.square();
    f.col(tabled::loss) = best.value;
    if (diagnostics) {
      const GlobalProximal::Response G = proximal.response();
      f.middleCols<5>(tabled::div_k) << -G.div_k, -G.div_v, G.kk, G.kv, G.vv;
    }
    f.rightCols(f.cols() - 1).colwise() *= f.col(tabled::weight).eval();
    return f;
  }

  /// What the plane of omega knows at every outer node: mass, squared distance, the teacher's t and the
  /// scores.
  struct Plane {
    ArrayXd mass, far, t1, t2, score1, score2;
  };
  [[nodiscard]] static Plane plane(const RsbOverlaps& o, const FieldTable& fields, const FoldedGrid& g) {
    const Index columns = g.outer[0], n = columns * g.outer[1];
    Plane p{ArrayXd(n), ArrayXd(n), ArrayXd(n), ArrayXd(n), {}, {}};
    ArrayXd omega1(n), omega2(n);
    for (Index i = 0; i < n; ++i) {
      const double a = g.axis[0].outer[i % columns], b = g.axis[1].outer[i / columns];
      omega1[i] = fields.centre()[0] + a, omega2[i] = fields.centre()[1] + b;
      p.far[i] = (a * a + b * b) / o.q0_k;
      p.mass[i] = g.axis[0].weight[i % columns] * g.axis[1].weight[i / columns];
    }
    fields.apply(omega1, omega2, p.mass, p.t1, p.t2);
    p.score1 = (omega1 - o.m_k * p.t1) / o.q0_k, p.score2 = (omega2 - o.m_k * p.t2) / o.q0_k;
    return p;
  }

  /// The means with one kernel, entry by entry, so that few numbers are held for every node.
  [[nodiscard]] ArrayXd averages(const RsbOverlaps& o, const OuterLaw& law, const FieldTable& fields,
                                 const FoldedGrid& g, const Table& table, FoldedGrid::Kernel kernel) {
    const Plane plane_ = plane(o, fields, g);
    const Index half_i = g.outer[3] - 2 * g.ends, half_k = g.outer[4] - 2 * g.ends;  // that carry weight
    Batch parts(half_k * half_i, g.ends > 0 ? R::all : R::fixed_point);
    parts.setZero();
    ArrayXd f, spare, Z;
    for (int e = 0; e < table.values.cols(); ++e) {  // <.> = E_1 exp(-Y M) . / Z
      g.expand(table.node, table.values, e, symmetry_of(e), f);
      g.average(kernel, options_.threads, f, spare);
      if (e == tabled::weight)
        Z = f.max(1e-300), f = Z.log();
      else
        f /= Z;
      parallel_for(static_cast<int>(half_k * half_i), options_.threads, [&](int flat) {
        const Index i = g.ends + flat % half_i, k = g.ends + flat / half_i;
        ArrayXd total = parts.row(flat);
        for (Index j = g.ends; j < g.outer[2] - g.ends; ++j) {
          const Eigen::Vector3d u =
              Eigen::Vector3d(g.axis[3].outer[i], g.axis[2].outer[j], g.axis[4].outer[k])
                  .cwiseQuotient(law.sigma);
          const double left = reach * reach - u.squaredNorm();
          if (left < 0) continue;
          const ArrayXd mass = (plane_.far <= left).select(plane_.mass, 0) *
                               (4 * g.axis[3].weight[i] * g.axis[2].weight[j] * g.axis[4].weight[k]);
          const double* at = f.data() + plane_.far.size() * (j + g.outer[2] * (i + g.outer[3] * k));
          add(e, law.scores(u), plane_, mass, {at, mass.size()}, total);
          if (g.ends > 0 && e >= tabled::g1 && e <= tabled::v3) between(e, g, mass, at, total);
        }
        parts.row(flat) = total;
      });
    }
    return parts.colwise().sum();
  }

  /// Adds what entry e, averaged, gives to the means.
  static void add(int e, const Eigen::Vector4d& scores, const Plane& p, const ArrayXd& mass,
                  const Eigen::Map<const ArrayXd>& f, ArrayXd& total) {
    const auto mean = [&](const auto& values) { return (mass * values).sum(); };
    if (e == tabled::weight) {
      total[R::log_mean] += mean(f);
    } else if (e <= tabled::g2) {
      const bool one = e == tabled::g1;
      total[R::mhat_k] += mean(f * (one ? p.t1 : p.t2));
      total[R::Vhat_k] -= mean(f * (one ? p.score1 : p.score2));
      total[R::qhat0_k] += mean(f.square());
    } else if (e <= tabled::v3) {
      if (e == tabled::v1) total[R::mhat_v] += mean(f) * scores[0];
      total[R::Vhat_v] -= mean(f) * scores[1 + e - tabled::v1];
      total[R::qhat0_v] += mean(f.square());
    } else {
      total[plain_mean[static_cast<std::size_t>(e - tabled::qhat_k)]] += mean(f);
    }
  }

  /// The response of <g> to the outer fields, by differences of order four: jumps are smoothed by the inner
  /// average and so are not missed.
  static void between(int e, const FoldedGrid& g, const ArrayXd& mass, const double* at, ArrayXd& total) {
    Index stride = 1;
    for (std::size_t a = 0; a < 5; stride *= g.outer[a++]) {
      const bool by_omega = a < 2, of_k = e <= tabled::g2;
      if (by_omega && !of_k) continue;  // d g_v/d omega is the transpose of d g_k/d w
      double sum = 0;
      for (Index p = 0; p < mass.size(); ++p) {
        if (mass[p] == 0) continue;
        const double slope =
            8 * (at[p + stride] - at[p - stride]) - (at[p + 2 * stride] - at[p - 2 * stride]);
        sum += mass[p] * slope * slope;
      }
      total[by_omega ? R::between_kk
            : of_k   ? R::between_kv
                     : R::between_vv] += sum / std::pow(12 * g.axis[a].step, 2);
    }
  }

  Problem problem_;
  const Activation& activation_;
  ChannelOptions options_;
  double scale_;
  Eigen::Matrix<double, 3, 2> B_;
  std::unique_ptr<RsbChannel> sampled_;  // once the grid would have been too fine
  /// Of the last tables: minima in the plane, from which the next start, and whether others were seen when
  /// all were last looked for, at `searched`.
  enum Seen : char { unseen, alone, contested };
  struct {
    FoldedGrid::Place quarter{};
    ArrayXd searched;
    Batch point;
    std::vector<char> seen;
  } known_;
};

}  // namespace

std::unique_ptr<RsbChannel> rsb_grid_channel(const Problem& problem, const Activation& activation,
                                             const ChannelOptions& options) {
  return std::make_unique<RsbGridChannel>(problem, activation, options);
}

}  // namespace quenched
