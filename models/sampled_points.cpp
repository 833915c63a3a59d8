#include "sampled_points.hpp"

#include <cmath>
#include <quenched/parallel.hpp>

namespace quenched {

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

SampledPoints::SampledPoints(const Problem& problem, const Activation& activation, int tokens, int size,
                             std::uint64_t seed, int threads, std::shared_ptr<WorkLimit> work)
    : problem_(problem),
      activation_(activation),
      L_(tokens),
      threads_(threads),
      size_(size),
      work_(std::move(work)) {
  common_mode_ = common_mode(activation.info(), L_);
  points_ = scrambled_sobol(1 + L_ + (common_mode_ ? L_ : L_ - 1), size_, replicates,
                            seed + 1000003ULL * static_cast<std::uint64_t>(L_), threads_);
  warm_.resize(points_.normals.rows(), L_);
  competing_.setZero(points_.normals.rows());
}

ChannelMeans SampledPoints::means(const OrderParameters& o, int outputs, bool search,
                                  const std::function<Batch(const SampledBlock&)>& f) {
  constexpr double moved = 0.02;
  const Eigen::Array<double, 6, 1> here(o.m_k, o.q_k, o.V_k, o.m_v, o.q_v, o.V_v);
  const bool all = search || !warm_filled_ || ((here - searched_).abs() > moved * (1 + here.abs())).any();
  if (all) searched_ = here;
  const int blocks = replicates * size_ / block, per_replicate = size_ / block;
  Batch sums(blocks, outputs), doubtful(blocks, outputs);
  parallel_for(blocks, threads_, [&](int b) {
    const SampledBlock sample = at(o, b, all);
    const Batch each = f(sample).colwise() * sample.law.weight;
    sums.row(b) = each.colwise().sum();
    doubtful.row(b) =
        (each.abs().colwise() * (1 - sample.proximal.best.converged).cast<double>()).colwise().sum();
  });
  warm_filled_ = true;
  Batch each = Batch::Zero(replicates, outputs);
  for (int b = 0; b < blocks; ++b) each.row(b / per_replicate) += sums.row(b);
  each /= size_;
  ChannelMeans m;
  m.value = each.colwise().mean();
  m.deviation = replicate_deviations(each);
  // Where no minimum was reached nothing is known.
  m.deviation.conservativeResize(m.deviation.rows() + 1, Eigen::NoChange);
  m.deviation.bottomRows(1) = doubtful.colwise().sum() / (replicates * size_);
  return m;
}

SampledBlock SampledPoints::at(const OrderParameters& o, int b, bool search) {
  const Batch normals = points_.normals.middleRows(static_cast<Eigen::Index>(b) * block, block);
  SampledBlock sample{.proximal = GlobalProximal(activation_, L_, o, work_.get())};
  const Batch field_normals = normals.rightCols(points_.dimension - 1 - L_);
  problem_.task->fields(o.m_k, o.q_k, common_mode_ ? field_normals : without_common_mode(field_normals),
                        sample.law);
  // y | w_eps ~ N((m_v/q_v) w_eps, tau + Delta), tau = 1 - m_v^2/q_v.
  const double root_q_v = std::sqrt(o.q_v);
  sample.slope = o.q_v > 0 ? o.m_v / root_q_v : 0;
  sample.spread = 1 - sample.slope * sample.slope + problem_.noise;
  sample.zeta = normals.middleCols(1, L_);
  sample.w = root_q_v * sample.zeta;
  sample.y = sample.slope * sample.zeta.col(0) + std::sqrt(sample.spread) * normals.col(0);
  sample.t_v = normals.col(0) / std::sqrt(sample.spread);
  const auto rows = Eigen::seqN(static_cast<Eigen::Index>(b) * block, block);
  const Batch last = warm_(rows, Eigen::all);
  GlobalProximal& at = sample.proximal;
  auto competing = competing_.segment(static_cast<Eigen::Index>(b) * block, block);
  std::vector<Eigen::Index> contested;
  for (Eigen::Index i = 0; i < block && !search; ++i)
    if (competing[i] > 0) contested.push_back(i);
  at.minimise(sample.law.omega, sample.y, sample.w, warm_filled_ ? &last : nullptr,
              search ? nullptr : &contested);
  if (search) competing = at.competing;
  warm_(rows, Eigen::all) = at.best.x;
  sample.g_k = (at.best.x - sample.law.omega) / o.V_k;
  sample.g_v = at.loss.jet.s.colwise() * at.loss.rho;
  return sample;
}

}  // namespace quenched
