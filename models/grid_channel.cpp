#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>
#include <quenched/vector_math.hpp>
#include <vector>

#include "channel.hpp"
#include "field_table.hpp"
#include "jumps.hpp"
#include "proximal_grid.hpp"

namespace quenched {
namespace {

constexpr double negligible = -24;       // log of the weight below which a node is left out
constexpr double negligible_fold = -18;  // the same for nodes of the wrong sign, each a fraction of a cell

/// Numbers at the points of a scan, on the stack.
using Chunk = Eigen::Array<double, Eigen::Dynamic, 1, Eigen::ColMajor, GridScan::capacity, 1>;

/// One outer node: a sample's (y, w), what is left of the independent normals given it, and its weight.
struct OuterNode {
  SampleFields sample;
  double t_v;                   // E of the teacher's score of w_eps
  std::array<double, 3> score;  // E of -d log density/d w_l
  double weight;
};

/// Two inner dimensions: L = 3 with sigma normalised and shift invariant (the plane sum chi = 0), or L = 2.
/// As in pair_channel.cpp the average over omega is taken over the proximal point x, with omega = x + V_k
/// grad Phi explicit:
///     E F = E_(y,w) Int dx N(omega(x)) det(I + V_k Hess Phi) F [x is the global proximal point of omega(x)],
/// by trapezoid rules in all dimensions. The bracket is 1 everywhere unless I + V_k Hess Phi loses
/// definiteness for that (y, w); only there is it computed, on the grid. Where the grid would be too fine, as
/// for k nearly 0 against the width of the activation (even kernels lose it) or V_k large, the sampled rule
/// takes its place.
class GridChannel final : public Channel {
 public:
  GridChannel(const Problem& problem, const Activation& activation, int tokens, const ChannelOptions& options)
      : problem_(problem),
        activation_(activation),
        L_(tokens),
        options_(options),
        scale_(coarse_scale * std::pow(0.8, options.level)) {
    normalised_ = activation.info().normalised;
    B_ = Eigen::MatrixXd::Identity(L_, 2);
    if (L_ == 3) B_ << 1, 1, -1, 1, 0, -2;
    B_.colwise().normalize();
  }

  bool sampled() const override { return sampling_; }
  std::string rule() const override {
    if (sampling_) return sampled_->rule();
    return "trapezoid over the proximal point, " + std::to_string(2 + (normalised_ ? L_ : L_ + 1)) +
           " dimensions, step " + std::to_string(scale_).substr(0, 4);
  }

  ChannelMeans means(const OrderParameters& o, Detail detail) override {
    const bool diagnostics = detail == Detail::responses;
    const FieldTable fields(*problem_.task, B_, o.m_k, o.q_k, options_.level < 0, options_.threads);
    // Steps from the middle at level 0: they make 10^4 points for each of some 10^3 (y, w).
    constexpr double most = 60;
    if (!(half_width(o, fields.centre()) < most * step_at(o, coarse_scale))) {
      if (!sampled_)
        sampled_ = sampled_channel(
            problem_, activation_, L_,
            {std::clamp(options_.level + 2, 0, 3), options_.seed, options_.threads, options_.work});
      sampling_ = true;
      return sampled_->means(o, detail);
    }
    sampling_ = false;
    ChannelMeans m{sweep(o, fields, scale_, diagnostics), {}};
    m.deviation = Batch::Zero(1, m.value.size());
    if (detail != Detail::means) {
      m.deviation = refinement_deviation(m.value, sweep(o, fields, 1.25 * scale_, diagnostics),
                                         sweep(o, fields, 1.5625 * scale_, diagnostics));
    }
    if (diagnostics) add_jumps(m, problem_, activation_, L_, o, 64, options_);
    return m;
  }

 private:
  static constexpr double coarse_scale = 1.95;
  /// A tilt varies over sqrt(V)/(m/q) in omega, V = 1 - m^2/q.
  [[nodiscard]] double step_at(const OrderParameters& o, double scale) const {
    const double tilt = problem_.task->independent_tokens()
                            ? 1
                            : 1.4 * std::sqrt(std::max(0.01, o.q_k / (o.m_k * o.m_k) - 1));
    return 0.5 * scale * std::min(1.0, std::sqrt(o.q_k) / (1 + o.V_k / 2) * std::min(1.0, tilt));
  }
  /// Of the grid, to begin with.
  [[nodiscard]] double half_width(const OrderParameters& o, const auto& centre) const {
    return std::max(7 * std::sqrt(o.q_k) + std::hypot(centre[0], centre[1]),
                    2 + std::log1p(o.V_k * 40 * (1 + problem_.noise + o.q_v)));
  }

  struct Setting {
    OrderParameters o;
    GridLaw law;
    const FieldTable& fields;
    ProximalGrid grid;
    GridNeighbours neighbours;  // of each grid point in the grid; -1: none
    double step, cell;          // of the grid, and the area of a cell over 2 pi q
    bool diagnostics;
  };

  [[nodiscard]] Eigen::ArrayXd sweep(const OrderParameters& o, const FieldTable& fields, double scale,
                                     bool diagnostics) const {
    const GridLaw law{o.V_k, o.V_v, o.q_k, fields.centre()};
    const double step = step_at(o, scale);
    auto [grid, neighbours] = active_grid(o, law, step);
    const double cell = step * step / (2 * std::numbers::pi * o.q_k);
    const Setting set{o, law, fields, std::move(grid), std::move(neighbours), step, cell, diagnostics};
    const std::vector<OuterNode> outer = outer_nodes(o, 0.6 * scale);
    const int outputs = diagnostics ? all_means : fixed_point_means;
    Batch parts(static_cast<Eigen::Index>(outer.size()), outputs);
    parallel_for(static_cast<int>(outer.size()), options_.threads,
                 [&](int i) { parts.row(i) = outer[i].weight * inner(set, outer[i]).transpose(); });
    Eigen::ArrayXd total = parts.colwise().sum();
    fields.fresh_sample(activation_, total[hit], total[power]);
    return total;
  }

  /// Trapezoid nodes over the normals behind (y, w), folded by (y, w) -> -(y, w) and, at L = 3, by the
  /// exchange of the two tokens that are not eps: midpoints of the first one or two coordinates, kept
  /// positive.
  [[nodiscard]] std::vector<OuterNode> outer_nodes(const OrderParameters& o, double step) const {
    const double root_q_v = std::sqrt(o.q_v), slope = o.q_v > 0 ? o.m_v / root_q_v : 0;
    const double spread = 1 - slope * slope + problem_.noise;
    // Rows: y, then w_l, as functions of v = (xi, zeta_1 .. zeta_L): y = slope zeta_1 + sqrt(spread) xi.
    Eigen::MatrixXd y_w = Eigen::MatrixXd::Zero(L_ + 1, L_ + 1);
    y_w(0, 0) = std::sqrt(spread), y_w(0, 1) = slope;
    for (int l = 1; l <= L_; ++l) y_w(l, l) = root_q_v;
    Eigen::MatrixXd d = (-y_w.bottomRows(L_)).rowwise() + y_w.row(0);  // y - w_l
    Eigen::MatrixXd seen = normalised_ ? d : y_w;
    if (L_ == 3 && normalised_)
      seen.row(0).swap(seen.row(1)), seen.row(0) -= seen.row(2), seen.row(2) += d.row(1);
    const int dims = static_cast<int>(seen.rows());
    const Eigen::MatrixXd Q = Eigen::HouseholderQR<Eigen::MatrixXd>(seen.transpose()).householderQ();
    const int folds = L_ == 3 ? 2 : 1;
    const double reach = 6.2;
    const int half = static_cast<int>(std::ceil(reach / step));
    std::vector<OuterNode> nodes;
    std::array<int, 3> index{};
    const int columns = 2 * half + 1;
    int total = 1;
    for (int a = 0; a < dims; ++a) total *= a < folds ? half : columns;
    for (int flat = 0; flat < total; ++flat) {
      Eigen::VectorXd n(dims);
      for (int a = 0, rest = flat; a < dims; ++a) {
        const int count = a < folds ? half : columns;
        index[a] = rest % count, rest /= count;
        n[a] = a < folds ? (index[a] + 0.5) * step : (index[a] - half) * step;
      }
      if (n.squaredNorm() > reach * reach) continue;
      const Eigen::VectorXd v = Q.leftCols(dims) * n, fields = y_w * v;
      OuterNode node{};
      node.weight = (1 << folds) * std::pow(step / std::sqrt(2 * std::numbers::pi), dims) *
                    std::exp(-n.squaredNorm() / 2);
      node.sample.y = normalised_ ? 0 : fields[0];
      node.t_v = v[0] / std::sqrt(spread);
      for (int l = 0; l < L_; ++l) {
        node.sample.e[l] = (normalised_ ? fields[0] : 0) - fields[l + 1];
        node.score[l] = root_q_v > 0 ? (v[l + 1] - (l == 0 ? slope * node.t_v : 0)) / root_q_v : 0;
      }
      nodes.push_back(node);
    }
    return nodes;
  }

  /// The nodes of a square grid that carry weight for some (y, w), found with a coarse outer rule.
  [[nodiscard]] std::pair<ProximalGrid, GridNeighbours> active_grid(const OrderParameters& o,
                                                                    const GridLaw& law, double step) const {
    const std::vector<OuterNode> outer = outer_nodes(o, 1.5);
    double half = half_width(o, law.centre);
    for (int enlarged = 0;; ++enlarged, half *= 1.5) {
      const auto n = static_cast<Eigen::Index>(std::ceil(half / step));
      const Eigen::Index columns = 2 * n + 1;
      Batch x(columns * columns, 2);
      const auto place = [&](Eigen::Index k) { return static_cast<double>(k - n) * step; };
      for (Eigen::Index i = 0; i < x.rows(); ++i) x(i, 0) = place(i % columns), x(i, 1) = place(i / columns);
      const ProximalGrid all(activation_, B_, x);
      const Eigen::Index chunks = (x.rows() + GridScan::capacity - 1) / GridScan::capacity;
      Eigen::ArrayXd best = Eigen::ArrayXd::Constant(x.rows(), -INFINITY);
      parallel_for(static_cast<int>(chunks), options_.threads, [&](int chunk) {
        const Eigen::Index first = chunk * GridScan::capacity,
                           count = std::min(GridScan::capacity, x.rows() - first);
        GridScan scan;
        for (const OuterNode& node : outer) {
          scan_grid(all, first, count, node.sample, law, scan);
          auto found = best.segment(first, count);
          found = found.max(column(scan, GridScan::exponent, count) + std::log(node.weight));
        }
      });
      std::vector<Eigen::Index> kept;
      bool inside = true;
      for (Eigen::Index i = 0; i < x.rows(); ++i) {
        if (best[i] < negligible - 6) continue;
        kept.push_back(i);
        inside = inside && std::min(i % columns, columns - 1 - i % columns) > 0 &&
                 std::min(i / columns, columns - 1 - i / columns) > 0;
      }
      if (inside || enlarged == 4)
        return {{activation_, B_, x(kept, Eigen::all)}, grid_neighbours(kept, columns)};
    }
  }

  /// The average over omega at one (y, w).
  [[nodiscard]] Eigen::ArrayXd inner(const Setting& set, const OuterNode& node) const {
    const double cutoff = negligible - std::log(node.weight),
                 fold_cutoff = negligible_fold - std::log(node.weight);
    Eigen::ArrayXd sums = Eigen::ArrayXd::Zero(set.diagnostics ? all_means : fixed_point_means);
    GridScan scan;
    bool folded = false;
    std::vector<Eigen::Index> steep;
    for_chunks(set, node, cutoff, scan, [&](Eigen::Index first, Eigen::Index count) {
      for (Eigen::Index i = 0; i < count && !folded; ++i)
        folded = scan.at[GridScan::exponent][i] > fold_cutoff && !definite(scan, i);
      if (!folded) add(set, node, first, count, cutoff, scan, nullptr, sums, steep);
    });
    if (folded) {
      const std::vector<char> global = global_nodes(set, node, cutoff);
      sums.setZero(), steep.clear();
      for_chunks(set, node, cutoff, scan, [&](Eigen::Index first, Eigen::Index count) {
        add(set, node, first, count, cutoff, scan, global.data() + first, sums, steep);
      });
    }
    if (!steep.empty()) add_steep(set, node, steep, sums);
    return sums;
  }

  /// The responses' share of the cells around `steep` nodes, where 1/det peaks within a cell: refined 6 x 6.
  void add_steep(const Setting& set, const OuterNode& node, const std::vector<Eigen::Index>& steep,
                 Eigen::ArrayXd& sums) const {
    constexpr int fine = 6;
    Batch x(static_cast<Eigen::Index>(steep.size()) * fine * fine, 2);
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const Eigen::Index parent = steep[static_cast<std::size_t>(i / (fine * fine))], at = i % (fine * fine);
      const auto offset = [&](Eigen::Index k) {
        return set.step * ((static_cast<double>(k) + 0.5) / fine - 0.5);
      };
      x.row(i) << set.grid.x(parent, 0) + offset(at % fine), set.grid.x(parent, 1) + offset(at / fine);
    }
    const ProximalGrid cells(activation_, B_, x);
    GridScan scan;
    for (Eigen::Index first = 0; first < cells.size(); first += GridScan::capacity) {
      const Eigen::Index count = std::min(GridScan::capacity, cells.size() - first);
      scan_grid(cells, first, count, node.sample, set.law, scan);
      Eigen::ArrayXd density(count), t1(count), t2(count);
      for (Eigen::Index i = 0; i < count; ++i)
        density[i] =
            definite(scan, i) ? std::exp(scan.at[GridScan::exponent][i]) * set.cell / (fine * fine) : 0;
      set.fields.apply(column(scan, GridScan::omega1, count), column(scan, GridScan::omega2, count), density,
                       t1, t2);
      add_responses(set, cells, first, count, scan, density, sums);
    }
  }

  static bool definite(const GridScan& scan, Eigen::Index i) {
    return scan.at[GridScan::det][i] > 0 && scan.at[GridScan::H11][i] > 0;
  }

  /// Calls visit(first, count) for the chunks of the grid in which some node carries weight.
  template <class Visit>
  static void for_chunks(const Setting& set, const OuterNode& node, double cutoff, GridScan& scan,
                         Visit visit) {
    for (Eigen::Index first = 0; first < set.grid.size(); first += GridScan::capacity) {
      const Eigen::Index count = std::min(GridScan::capacity, set.grid.size() - first);
      scan_grid(set.grid, first, count, node.sample, set.law, scan);
      const auto& exponent = scan.at[GridScan::exponent];
      if (*std::max_element(exponent.begin(), exponent.begin() + count) > cutoff) visit(first, count);
    }
  }

  /// Marks the nodes that are the global proximal point of their own omega, as far as the grid tells: the
  /// plane that touches Psi = Phi + |x|^2/(2 V_k) there lies below Psi at every other. Between such nodes Psi
  /// bends the wrong way, so the others surround nodes where I + V_k Hess Phi is not definite: they are found
  /// by spreading from these.
  [[nodiscard]] std::vector<char> global_nodes(const Setting& set, const OuterNode& node,
                                               double cutoff) const {
    constexpr double margin = 6;  // lighter nodes, that the spread may have to pass
    const double V = set.o.V_k;
    const auto n = static_cast<std::size_t>(set.grid.size());
    enum : char { dead, global, light };
    std::vector<char> state(n, light);
    std::vector<std::array<double, 3>> own(n);  // Psi, omega
    std::vector<Eigen::Index> found;
    ProximalRivals rivals(V, set.step);
    GridScan scan;
    for (Eigen::Index first = 0; first < set.grid.size(); first += GridScan::capacity) {
      const Eigen::Index count = std::min(GridScan::capacity, set.grid.size() - first);
      scan_grid(set.grid, first, count, node.sample, set.law, scan);
      for (Eigen::Index i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(first + i);
        if (!definite(scan, i)) {
          state[at] = dead, found.push_back(first + i);
          continue;
        }
        if (scan.at[GridScan::exponent][i] < cutoff - margin) continue;
        state[at] = global;
        const double x1 = set.grid.x(first + i, 0), x2 = set.grid.x(first + i, 1);
        own[at] = {scan.at[GridScan::loss][i] + (x1 * x1 + x2 * x2) / (2 * V), scan.at[GridScan::omega1][i],
                   scan.at[GridScan::omega2][i]};
        rivals.push_back(x1, x2, scan, i);
      }
    }
    for (std::size_t k = 0; k < found.size(); ++k)
      for (const Eigen::Index neighbour : set.neighbours[static_cast<std::size_t>(found[k])]) {
        if (neighbour < 0 || state[static_cast<std::size_t>(neighbour)] != global) continue;
        const auto& [Psi, omega1, omega2] = own[static_cast<std::size_t>(neighbour)];
        if (!rivals.beat(set.grid.x(neighbour, 0), set.grid.x(neighbour, 1), Psi, omega1, omega2)) continue;
        state[static_cast<std::size_t>(neighbour)] = dead, found.push_back(neighbour);
      }
    return state;
  }

  static Eigen::Map<const Eigen::ArrayXd> column(const GridScan& scan, int c, Eigen::Index count) {
    return {scan.at[c].data(), count};
  }

  /// Adds the nodes first..first + count - 1 to every mean; those whose response is too steep for a cell go
  /// to `steep`.
  void add(const Setting& set, const OuterNode& node, Eigen::Index first, Eigen::Index count, double cutoff,
           const GridScan& scan, const char* global, Eigen::ArrayXd& sums,
           std::vector<Eigen::Index>& steep) const {
    using S = GridScan;
    const auto col = [&](int c) { return column(scan, c, count); };
    const OrderParameters& o = set.o;
    Eigen::ArrayXd density(count), t1(count), t2(count);
    vector_math::exp(col(S::exponent), density);
    density *= set.cell;
    for (Eigen::Index i = 0; i < count; ++i)
      if (scan.at[S::exponent][i] < cutoff || (global && !global[i])) density[i] = 0;
    set.fields.apply(col(S::omega1), col(S::omega2), density, t1, t2);
    const Chunk mass = density * col(S::det);
    const auto g1 = col(S::g1), g2 = col(S::g2), rho = col(S::rho);
    const Chunk gt = g1 * t1 + g2 * t2, mass_rho = mass * rho;
    const auto rows = Eigen::seqN(first, count);
    sums[mhat_k] += (mass * gt).sum();
    sums[qhat_k] += (mass * (g1.square() + g2.square())).sum();
    sums[Vhat_k] -= (mass * (g1 * col(S::omega1) + g2 * col(S::omega2) - o.m_k * gt)).sum() / o.q_k;
    sums[mhat_v] += (mass_rho * set.grid.s(rows, 0)).sum() * node.t_v;
    for (int l = 0; l < L_; ++l) sums[Vhat_v] -= (mass_rho * set.grid.s(rows, l)).sum() * node.score[l];
    const Chunk mass_rho2 = mass_rho * rho;
    sums[qhat_v] += (mass_rho2 * set.grid.fixed(rows, Eigen::Index{ProximalGrid::ss})).sum();
    sums[rho_squared] += mass_rho2.sum();
    if (!set.diagnostics) return;
    if (global) sums[competing] += mass.sum();
    for (Eigen::Index i = 0; i < count; ++i) {
      if (scan.at[S::det][i] >= 0.4 || density[i] == 0) continue;
      steep.push_back(first + i);
      density[i] = 0;
    }
    add_responses(set, set.grid, first, count, scan, density, sums);
  }

  /// A = H^-1, P = a^T a with a_ja = rho J_ja + s_j rho_a, r_a = s.a_a:
  /// G_kk = (A - I)/V_k, |G_kv|^2 = tr A P A, G_vv = V_k a A a^T - s s^T/D.
  void add_responses(const Setting& set, const ProximalGrid& grid, Eigen::Index first, Eigen::Index count,
                     const GridScan& scan, const Eigen::ArrayXd& density, Eigen::ArrayXd& sums) const {
    using S = GridScan;
    using G = ProximalGrid;
    const auto col = [&](int c) { return column(scan, c, count); };
    const auto fixed = [&](int c) -> Chunk { return grid.fixed.col(c).segment(first, count); };
    const double V_k = set.o.V_k;
    const Chunk mass = density * col(S::det), inverse = 1 / col(S::det), A11 = col(S::H22) * inverse,
                A22 = col(S::H11) * inverse, A12 = -col(S::H12) * inverse;
    const Chunk power_s = fixed(G::ss), D = 1 + set.o.V_v * power_s, rho = col(S::rho), rho2 = rho.square(),
                r1 = col(S::rho1), r2 = col(S::rho2), q1 = fixed(G::q1), q2 = fixed(G::q2);
    const Chunk P11 = rho2 * fixed(G::JJ11) + 2 * rho * q1 * r1 + power_s * r1.square();
    const Chunk P22 = rho2 * fixed(G::JJ22) + 2 * rho * q2 * r2 + power_s * r2.square();
    const Chunk P12 = rho2 * fixed(G::JJ12) + rho * (q1 * r2 + q2 * r1) + power_s * r1 * r2;
    const Chunk s1 = rho * q1 + power_s * r1, s2 = rho * q2 + power_s * r2;
    const Chunk AP11 = A11 * P11 + A12 * P12, AP12 = A11 * P12 + A12 * P22, AP21 = A12 * P11 + A22 * P12,
                AP22 = A12 * P12 + A22 * P22;
    const auto mean = [&](const Chunk& f) { return (mass > 0).select(mass * f, 0).sum(); };
    sums[pointwise_k] += mean(2 - A11 - A22) / V_k;
    sums[pointwise_v] += mean(power_s / D - V_k * (AP11 + AP22));
    sums[G_kk] += mean((A11 - 1).square() + (A22 - 1).square() + 2 * A12.square()) / (V_k * V_k);
    sums[G_kv] += mean(AP11 * A11 + AP12 * A12 + AP21 * A12 + AP22 * A22);
    sums[G_vv] += mean((power_s / D).square() -
                       2 * V_k / D * (A11 * s1.square() + 2 * A12 * s1 * s2 + A22 * s2.square()) +
                       V_k * V_k * (AP11.square() + 2 * AP12 * AP21 + AP22.square()));
  }

  Problem problem_;
  const Activation& activation_;
  int L_;
  ChannelOptions options_;
  std::unique_ptr<Channel> sampled_;
  bool sampling_ = false;  // the last time
  double scale_;
  bool normalised_;
  Eigen::MatrixXd B_;
};

}  // namespace

std::unique_ptr<Channel> grid_channel(const Problem& problem, const Activation& activation, int tokens,
                                      const ChannelOptions& options) {
  return std::make_unique<GridChannel>(problem, activation, tokens, options);
}

}  // namespace quenched
