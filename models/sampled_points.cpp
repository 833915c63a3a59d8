#include "sampled_points.hpp"

#include <quenched/parallel.hpp>

#include <cmath>

namespace quenched {
namespace {

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

}  // namespace

SampledPoints::SampledPoints(const Problem& problem, const Activation& activation, int tokens, int size, std::uint64_t seed,
                             int threads)
    : problem_(problem), activation_(activation), L_(tokens), threads_(threads), size_(size) {
  common_mode_ = !(activation.info().shift_invariant && L_ > 1);
  points_ = scrambled_sobol(1 + L_ + (common_mode_ ? L_ : L_ - 1), size_, replicates,
                            seed + 1000003ULL * static_cast<std::uint64_t>(L_), threads_);
  warm_.resize(points_.normals.rows(), L_);
  transitions_ = Eigen::ArrayXd::LinSpaced(15, -7, 7);
}

ChannelMeans SampledPoints::means(const OrderParameters& o, int outputs, const std::function<Batch(const SampledBlock&)>& f) {
  const int blocks = replicates * size_ / block, per_replicate = size_ / block;
  Batch sums(blocks, outputs);
  parallel_for(blocks, threads_, [&](int b) {
    const SampledBlock sample = at(o, b);
    sums.row(b) = (f(sample).colwise() * sample.law.weight).colwise().sum();
  });
  warm_filled_ = true;
  Batch each = Batch::Zero(replicates, outputs);
  for (int b = 0; b < blocks; ++b) each.row(b / per_replicate) += sums.row(b);
  each /= size_;
  ChannelMeans m;
  m.value = each.colwise().mean();
  m.deviation = (each.rowwise() - m.value.transpose()) * (deviations / std::sqrt(replicates * (replicates - 1.0)));
  return m;
}

SampledBlock SampledPoints::at(const OrderParameters& o, int b) {
  const Batch normals = points_.normals.middleRows(static_cast<Eigen::Index>(b) * block, block);
  SampledBlock sample{.loss = AttentionLoss(activation_, o.V_v), .competing = Eigen::ArrayXd::Zero(block)};
  const Batch field_normals = normals.rightCols(points_.dimension - 1 - L_);
  problem_.task->fields(o.m_k, o.q_k, common_mode_ ? field_normals : without_common_mode(field_normals), sample.law);
  // y | w_eps ~ N((m_v/q_v) w_eps, tau + Delta), tau = 1 - m_v^2/q_v.
  const double root_q_v = std::sqrt(o.q_v);
  sample.slope = o.q_v > 0 ? o.m_v / root_q_v : 0;
  sample.spread = 1 - sample.slope * sample.slope + problem_.noise;
  sample.zeta = normals.middleCols(1, L_);
  sample.w = root_q_v * sample.zeta;
  sample.y = sample.slope * sample.zeta.col(0) + std::sqrt(sample.spread) * normals.col(0);
  sample.t_v = normals.col(0) / std::sqrt(sample.spread);
  minimise(o, b, sample);
  sample.g_k = (sample.best.x - sample.law.omega) / o.V_k;
  sample.g_v = sample.loss.jet.s.colwise() * sample.loss.rho;
  return sample;
}

/// `loss` is left at the minimum.
void SampledPoints::minimise(const OrderParameters& o, int b, SampledBlock& sample) {
  const Batch& omega = sample.law.omega;
  const auto objective = [&](const Batch& x, LowRankModel& model) { sample.loss.evaluate(x, sample.y, sample.w, model); };
  const auto rows = Eigen::seqN(static_cast<Eigen::Index>(b) * block, block);
  proximal_minimum(objective, omega, o.V_k, warm_filled_ ? Batch(warm_(rows, Eigen::all)) : omega, sample.best);
  if (activation_.info().folds || L_ == 1) {  // the proofs of one minimum need L >= 2
    const Starts starts = other_starts(o, sample);
    if (!starts.row.empty() && improve(o, starts, sample))
      proximal_minimum(objective, omega, o.V_k, Batch(sample.best.x), sample.best);
  }
  warm_(rows, Eigen::all) = sample.best.x;
}

/// Local minima of h along each token's line through omega (and omega itself), away from x.
SampledPoints::Starts SampledPoints::other_starts(const OrderParameters& o, const SampledBlock& sample) const {
  constexpr double away = 1;  // the lines are scanned in steps of 1
  const Batch& omega = sample.law.omega;
  Starts starts;
  const auto add = [&](Eigen::Index i, const Eigen::RowVectorXd& chi) {
    if ((chi.array() - sample.best.x.row(i)).abs().maxCoeff() > away) starts.row.push_back(i), starts.chi.push_back(chi);
  };
  const double kept = common_mode_ ? 1 : 1 - 1.0 / L_;  // of a move, once the common mode is taken out
  const Eigen::Index n = transitions_.size();
  Batch moved(block, n), sw = moved, ss = moved, h = moved;
  if (warm_filled_)
    for (Eigen::Index i = 0; i < block; ++i) add(i, omega.row(i));
  for (int l = 0; l < L_; ++l) {
    activation_.line(omega, sample.w, l, transitions_, moved, sw, ss);
    h = (sample.y.replicate(1, n) - sw).square() / (2 * (1 + o.V_v * ss)) +
        kept / (2 * o.V_k) * (moved.colwise() - omega.col(l)).square();
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
bool SampledPoints::improve(const OrderParameters& o, const Starts& starts, SampledBlock& sample) const {
  ProximalMinimum& best = sample.best;
  const auto count = static_cast<Eigen::Index>(starts.row.size());
  Batch from(count, L_);
  for (Eigen::Index k = 0; k < count; ++k) from.row(k) = starts.chi[static_cast<std::size_t>(k)];
  const Eigen::ArrayXd label = sample.y(starts.row);
  const Batch field = sample.w(starts.row, Eigen::all);
  AttentionLoss loss(activation_, o.V_v);
  ProximalMinimum other;
  proximal_minimum([&](const Batch& x, LowRankModel& model) { loss.evaluate(x, label, field, model); },
                   sample.law.omega(starts.row, Eigen::all), o.V_k, from, other);
  bool moved = false;
  for (Eigen::Index k = 0; k < count; ++k) {
    const Eigen::Index i = starts.row[static_cast<std::size_t>(k)];
    if ((other.x.row(k) - best.x.row(i)).abs().maxCoeff() > 1e-5 * (1 + best.x.row(i).abs().maxCoeff())) sample.competing[i] = 1;
    if (other.value[k] >= best.value[i] - 1e-9 * (1 + std::abs(best.value[i]))) continue;
    best.value[i] = other.value[k], best.x.row(i) = other.x.row(k);
    moved = true;
  }
  return moved;
}

}  // namespace quenched
