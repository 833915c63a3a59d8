#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "attention_loss.hpp"
#include "channel.hpp"

namespace quenched {
namespace {

constexpr int replicates = 16, block = 64;
constexpr double deviations = 2;  // errors are stated as this many standard errors of the replicates' mean

/// L normals with no common mode from L - 1: an orthonormal basis of the plane sum = 0 (Helmert).
Batch without_common_mode(const Batch& normals) {
  const Eigen::Index L = normals.cols() + 1;
  Batch out = Batch::Zero(normals.rows(), L);
  for (Eigen::Index j = 1; j < L; ++j) {
    const double scale = 1 / std::sqrt(static_cast<double>(j * (j + 1)));
    for (Eigen::Index l = 0; l < j; ++l) out.col(l) += scale * normals.col(j - 1);
    out.col(j) -= static_cast<double>(j) * scale * normals.col(j - 1);
  }
  return out;
}

/// Points are (y's noise, w's L normals, the fields' normals).
class SampledChannel final : public Channel {
 public:
  SampledChannel(const Problem& problem, const Activation& activation, int tokens, const ChannelOptions& options)
      : problem_(problem), activation_(activation), L_(tokens), threads_(options.threads) {
    size_ = std::max(block, static_cast<int>(256 * std::pow(4.0, options.level)));
    common_mode_ = !(activation.info().shift_invariant && L_ > 1);
    points_ = scrambled_sobol(1 + L_ + (common_mode_ ? L_ : L_ - 1), size_, replicates,
                              options.seed + 1000003ULL * static_cast<std::uint64_t>(L_), threads_);
    warm_.resize(points_.normals.rows(), L_);
    transitions_ = Eigen::ArrayXd::LinSpaced(15, -7, 7);
  }

  std::string rule() const override {
    return "scrambled Sobol, " + std::to_string(points_.dimension) + " dimensions, " + std::to_string(replicates) + " x " +
           std::to_string(size_) + " points";
  }

  ChannelMeans means(const OrderParameters& o, bool diagnostics) override {
    const int outputs = diagnostics ? all_means : fixed_point_means;
    const int blocks = replicates * size_ / block, per_replicate = size_ / block;
    Batch sums(blocks, outputs);
    parallel_for(blocks, threads_, [&](int b) { sums.row(b) = block_sums(o, b, diagnostics); });
    warm_filled_ = true;
    Batch each = Batch::Zero(replicates, outputs);
    for (int b = 0; b < blocks; ++b) each.row(b / per_replicate) += sums.row(b);
    each /= size_;
    ChannelMeans m;
    m.value = each.colwise().mean();
    m.deviation = (each.rowwise() - m.value.transpose()) * (deviations / std::sqrt(replicates * (replicates - 1.0)));
    return m;
  }

 private:
  Eigen::ArrayXXd block_sums(const OrderParameters& o, int b, bool diagnostics) {
    const Batch normals = points_.normals.middleRows(static_cast<Eigen::Index>(b) * block, block);
    FieldLaw law;
    const Batch field_normals = normals.rightCols(points_.dimension - 1 - L_);
    problem_.task->fields(o.m_k, o.q_k, common_mode_ ? field_normals : without_common_mode(field_normals), law);
    // y | w_eps ~ N((m_v/q_v) w_eps, tau + Delta), tau = 1 - m_v^2/q_v; t_v is the teacher's score as FieldLaw's t.
    const double root_q_v = std::sqrt(o.q_v), slope = o.q_v > 0 ? o.m_v / root_q_v : 0;
    const double spread = 1 - slope * slope + problem_.noise;
    const Batch zeta = normals.middleCols(1, L_), w = root_q_v * zeta;
    const Eigen::ArrayXd y = slope * zeta.col(0) + std::sqrt(spread) * normals.col(0), t_v = normals.col(0) / std::sqrt(spread);

    AttentionLoss loss(activation_, o.V_v);
    ProximalMinimum best;
    Eigen::ArrayXd competing = Eigen::ArrayXd::Zero(block);
    minimise(o, b, law.omega, y, w, loss, best, competing);

    const Batch g_k = (best.x - law.omega) / o.V_k, g_v = loss.jet.s.colwise() * loss.rho;
    const double tiny = std::numeric_limits<double>::min();
    Batch f(block, diagnostics ? all_means : fixed_point_means);
    f.col(mhat_k) = (g_k * law.t).rowwise().sum();
    f.col(qhat_k) = g_k.square().rowwise().sum();
    f.col(Vhat_k) = -(g_k * (law.omega - o.m_k * law.t)).rowwise().sum() / std::max(o.q_k, tiny);
    f.col(mhat_v) = g_v.col(0) * t_v;
    f.col(qhat_v) = g_v.square().rowwise().sum();
    f.col(Vhat_v) = -((g_v * zeta).rowwise().sum() - slope * g_v.col(0) * t_v) / std::max(root_q_v, tiny);
    f.col(rho_squared) = loss.rho.square();
    Batch fresh;
    activation_.value(law.omega, fresh);
    f.col(hit) = fresh.col(0);
    f.col(power) = fresh.square().rowwise().sum();
    if (diagnostics) {
      response(o, loss, best, f);
      f.col(competing_column) = competing;
    }
    return (f.colwise() * law.weight).colwise().sum();
  }

  static constexpr int competing_column = quenched::competing;

  /// The lowest of the local minima reached from omega (or the point of the previous call) and from every minimum along a
  /// token's line that lies away from it. `loss` is left at the minimum.
  void minimise(const OrderParameters& o, int b, const Batch& omega, const Eigen::ArrayXd& y, const Batch& w,
                AttentionLoss& loss, ProximalMinimum& best, Eigen::ArrayXd& competing) {
    const auto objective = [&](const Batch& x, LowRankModel& model) { loss.evaluate(x, y, w, model); };
    const auto rows = Eigen::seqN(static_cast<Eigen::Index>(b) * block, block);
    proximal_minimum(objective, omega, o.V_k, warm_filled_ ? Batch(warm_(rows, Eigen::all)) : omega, best);
    if (activation_.info().folds || L_ == 1) {  // the proofs of one minimum need L >= 2
      const Starts starts = other_starts(o, omega, y, w, best.x);
      if (!starts.row.empty() && improve(o, starts, omega, y, w, best, competing))
        proximal_minimum(objective, omega, o.V_k, Batch(best.x), best);
    }
    warm_(rows, Eigen::all) = best.x;
  }

  struct Starts {
    std::vector<Eigen::Index> row;
    std::vector<Eigen::RowVectorXd> chi;
  };

  /// Local minima of h along each token's line through omega (and omega itself), away from x.
  [[nodiscard]] Starts other_starts(const OrderParameters& o, const Batch& omega, const Eigen::ArrayXd& y, const Batch& w,
                                    const Batch& x) const {
    constexpr double away = 1;  // the lines are scanned in steps of 1
    Starts starts;
    const auto add = [&](Eigen::Index i, const Eigen::RowVectorXd& chi) {
      if ((chi.array() - x.row(i)).abs().maxCoeff() > away) starts.row.push_back(i), starts.chi.push_back(chi);
    };
    const double kept = common_mode_ ? 1 : 1 - 1.0 / L_;  // of a move, once the common mode is taken out
    const Eigen::Index n = transitions_.size();
    Batch moved(block, n), sw = moved, ss = moved, h = moved;
    if (warm_filled_)
      for (Eigen::Index i = 0; i < block; ++i) add(i, omega.row(i));
    for (int l = 0; l < L_; ++l) {
      activation_.line(omega, w, l, transitions_, moved, sw, ss);
      h = (y.replicate(1, n) - sw).square() / (2 * (1 + o.V_v * ss)) + kept / (2 * o.V_k) * (moved.colwise() - omega.col(l)).square();
      for (Eigen::Index j = 0; j < n; ++j)
        for (Eigen::Index i = 0; i < block; ++i) {
          if ((j > 0 && h(i, j) > h(i, j - 1)) || (j + 1 < n && h(i, j) >= h(i, j + 1))) continue;
          const double step = moved(i, j) - omega(i, l);
          Eigen::RowVectorXd chi = omega.row(i).array() - (common_mode_ ? 0 : step / L_);
          chi[l] += step;
          add(i, chi);
        }
    }
    return starts;
  }

  /// Newton from all starts at once; moves `best` where a lower minimum was found and says whether any was.
  bool improve(const OrderParameters& o, const Starts& starts, const Batch& omega, const Eigen::ArrayXd& y, const Batch& w,
               ProximalMinimum& best, Eigen::ArrayXd& competing) const {
    const auto count = static_cast<Eigen::Index>(starts.row.size());
    Batch from(count, L_);
    for (Eigen::Index k = 0; k < count; ++k) from.row(k) = starts.chi[static_cast<std::size_t>(k)];
    const Eigen::ArrayXd label = y(starts.row);
    const Batch field = w(starts.row, Eigen::all);
    AttentionLoss loss(activation_, o.V_v);
    ProximalMinimum other;
    proximal_minimum([&](const Batch& x, LowRankModel& model) { loss.evaluate(x, label, field, model); },
                     omega(starts.row, Eigen::all), o.V_k, from, other);
    bool moved = false;
    for (Eigen::Index k = 0; k < count; ++k) {
      const Eigen::Index i = starts.row[static_cast<std::size_t>(k)];
      if ((other.x.row(k) - best.x.row(i)).abs().maxCoeff() > 1e-5 * (1 + best.x.row(i).abs().maxCoeff())) competing[i] = 1;
      if (other.value[k] >= best.value[i] - 1e-9 * (1 + std::abs(best.value[i]))) continue;
      best.value[i] = other.value[k], best.x.row(i) = other.x.row(k);
      moved = true;
    }
    return moved;
  }

  /// G_kk = (H^-1/V_k - I)/V_k, G_kv = H^-1 M/V_k, G_vv = M^T H^-1 M - s s^T/D with H the Hessian of h,
  /// M = J^T (rho I - c s^T/D) = rho (diag(b) - q p^T) - z s^T/D. O(L^2) a point.
  void response(const OrderParameters& o, const AttentionLoss& loss, const ProximalMinimum& best, Batch& f) const {
    const auto& [s, jb, p, q, c] = loss.jet;
    const Batch& z = best.model.z;
    Batch Hq = q, Hz = z, column(block, L_), N(block, L_), G(block, L_);
    best.factor.solve(Hq);
    best.factor.solve(Hz);
    Eigen::ArrayXd trace_k = Eigen::ArrayXd::Zero(block), trace_v = trace_k, kk = trace_k, kv = trace_k, vv = trace_k;
    for (Eigen::Index m = 0; m < L_; ++m) {
      column.setZero();
      column.col(m) = 1;
      best.factor.solve(column);
      const Eigen::ArrayXd s_D = s.col(m) / loss.D, rho_b = loss.rho * jb.col(m), rho_p = loss.rho * p.col(m);
      N = column.colwise() * rho_b - Hq.colwise() * rho_p - Hz.colwise() * s_D;
      const Eigen::ArrayXd qN = (q * N).rowwise().sum() * loss.rho, zN = (z * N).rowwise().sum() / loss.D;
      G = (jb * N).colwise() * loss.rho - p.colwise() * qN - s.colwise() * (zN + s_D);
      trace_v += G.col(m);
      vv += G.square().rowwise().sum();
      kv += N.square().rowwise().sum();
      column /= o.V_k;
      column.col(m) -= 1;
      trace_k += column.col(m);
      kk += column.square().rowwise().sum();
    }
    f.col(pointwise_k) = -trace_k / o.V_k;
    f.col(pointwise_v) = -trace_v;
    f.col(G_kk) = kk / (o.V_k * o.V_k);
    f.col(G_kv) = kv / (o.V_k * o.V_k);
    f.col(G_vv) = vv;
  }

  Problem problem_;
  const Activation& activation_;
  int L_, threads_, size_;
  bool common_mode_, warm_filled_ = false;
  PointSet points_;
  Batch warm_;  // proximal points of the previous call
  Eigen::ArrayXd transitions_;
};

}  // namespace

std::unique_ptr<Channel> sampled_channel(const Problem& problem, const Activation& activation, int tokens,
                                         const ChannelOptions& options) {
  return std::make_unique<SampledChannel>(problem, activation, tokens, options);
}

}  // namespace quenched
