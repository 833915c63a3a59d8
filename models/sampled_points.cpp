#include "sampled_points.hpp"

#include <Eigen/Cholesky>
#include <cmath>
#include <quenched/parallel.hpp>

namespace quenched {

Batch without_common_mode(const Batch& normals) {
  const Eigen::Index L = normals.cols() + 1;
  Batch out(normals.rows(), L);
  Eigen::ArrayXd later = Eigen::ArrayXd::Zero(normals.rows());  // what columns beyond this one add to it
  for (Eigen::Index j = L - 1; j > 0; --j) {
    const double scale = 1 / std::sqrt(static_cast<double>(j * (j + 1)));
    out.col(j) = later - static_cast<double>(j) * scale * normals.col(j - 1);
    later += scale * normals.col(j - 1);
  }
  out.col(0) = later;
  return out;
}

SampledPoints::SampledPoints(const Problem& problem, const Activation& activation, int tokens, int size,
                             std::uint64_t seed, int threads, std::shared_ptr<WorkLimit> work)
    : problem_(problem),
      activation_(activation),
      L_(tokens),
      threads_(threads),
      size_(size),
      law_passes_(problem.task->independent_tokens() ? 0 : 6),  // a race: .1 to .2 us
      work_(std::move(work)) {
  common_mode_ = common_mode(activation.info(), L_);
  points_ = scrambled_sobol(1 + L_ + (common_mode_ ? L_ : L_ - 1), size_, replicates,
                            seed + 1000003ULL * static_cast<std::uint64_t>(L_), threads_, most_kept);
  const Eigen::Index rows = static_cast<Eigen::Index>(replicates) * size_;
  if (rows * L_ <= most_kept) warm_.resize(rows, L_);
  competing_.setZero(rows);
  fields_ = scrambled_sobol(common_mode_ ? L_ : L_ - 1, more_fields * size_, replicates,
                            seed + 7000003ULL * static_cast<std::uint64_t>(L_), threads_, most_kept);
}

namespace {

/// Coefficients of the controls (the last columns) for the first `outputs`, from the products of deviations,
/// each control in units of its own; with a little ridge, where they are collinear.
Eigen::MatrixXd least_squares(const Eigen::MatrixXd& product, int outputs) {
  const auto controls = product.rightCols(product.rows());
  const Eigen::ArrayXd deviation = controls.diagonal().array().max(0).sqrt();
  const Eigen::MatrixXd scale = (deviation > 1e-9).select(1 / deviation, 0).matrix().asDiagonal();
  Eigen::MatrixXd correlation = scale * controls * scale;
  correlation.diagonal().array() += 1e-8;
  return scale * correlation.ldlt().solve(scale * product.leftCols(outputs));
}

}  // namespace

ChannelMeans SampledPoints::means(const OrderParameters& o, int outputs, bool search,
                                  const std::function<Batch(const SampledBlock&)>& f, int shares) {
  constexpr double moved = 0.02;
  const Eigen::Array<double, 6, 1> here(o.m_k, o.q_k, o.V_k, o.m_v, o.q_v, o.V_v);
  const bool all = search || !warm_filled_ || ((here - searched_).abs() > moved * (1 + here.abs())).any();
  if (all) searched_ = here;
  constexpr int controls = FieldControls::count;
  const FieldControls control(activation_, o, problem_.noise);
  const int per_chunk = std::min(16, size_ / block), chunks = replicates * size_ / (block * per_chunk);
  Batch sums = Batch::Zero(chunks, outputs + controls), doubtful = Batch::Zero(chunks, outputs),
        sizes = doubtful;
  std::vector<Eigen::MatrixXd> products(static_cast<std::size_t>(chunks));  // of the controls with everything
  parallel_for(chunks, threads_, [&](int c) {
    Batch each(block, outputs + controls);
    auto& product = products[static_cast<std::size_t>(c)];
    product.setZero(controls, outputs + controls);
    for (int b = c * per_chunk; b < (c + 1) * per_chunk; ++b) {
      SampledBlock sample = at(o, b, all);
      sample.controls = control.at(sample.law, sample.y, sample.w, sample.zeta, sample.t_v);
      each << f(sample), sample.controls;
      each.colwise() *= sample.law.weight;
      sums.row(c) += each.colwise().sum();
      const Batch size = each.leftCols(outputs).abs();
      sizes.row(c) += size.colwise().sum();
      doubtful.row(c) +=
          (size.colwise() * (1 - sample.proximal.best.converged).cast<double>()).colwise().sum();
      product += each.rightCols(controls).matrix().transpose() * each.matrix();
    }
  });
  warm_filled_ = true;
  Batch each = Batch::Zero(replicates, outputs + controls);
  std::vector<Eigen::MatrixXd> own(replicates, Eigen::MatrixXd::Zero(controls, outputs + controls));
  for (int c = 0; c < chunks; ++c) {
    const auto r = static_cast<std::size_t>(c / (chunks / replicates));
    each.row(static_cast<Eigen::Index>(r)) += sums.row(c);
    own[r] += products[static_cast<std::size_t>(c)];
  }
  const Eigen::RowVectorXd sum_of_all = each.colwise().sum();
  Eigen::MatrixXd product = Eigen::MatrixXd::Zero(controls, outputs + controls);
  for (const Eigen::MatrixXd& part : own) product += part;
  const Batch wanted = expected(o, control);
  Batch taken(replicates, outputs - shares);
  for (int r = 0; r < replicates; ++r) {  // by coefficients of the other replicates: no bias
    const Eigen::RowVectorXd others = sum_of_all - each.row(r).matrix();
    const Eigen::MatrixXd slopes =
        least_squares(product - own[static_cast<std::size_t>(r)] -
                          others.tail(controls).transpose() * others / ((replicates - 1.0) * size_),
                      outputs - shares);
    taken.row(r) = (each.row(r).tail(controls) / size_ - wanted.row(r)).matrix() * slopes;
  }
  each /= size_;
  // As far as they calm the replicates, in full where these vary half as much: the controls' own average over
  // the fields may be worse than what it corrects. What is of one sign keeps it.
  const Eigen::ArrayXd sum = sums.leftCols(outputs).colwise().sum(), size = sizes.colwise().sum();
  const auto variance = [](const Eigen::ArrayXd& column) { return (column - column.mean()).square().sum(); };
  for (int k = 0; k < outputs - shares; ++k) {
    const double before = variance(each.col(k)), after = variance(each.col(k) - taken.col(k));
    const double share = after < before ? std::min(1.0, 2 - 2 * after / before) : 0;
    const bool signed_mean = std::abs(sum[k]) >= (1 - 1e-9) * size[k];
    const double less = share * taken.col(k).mean() * (sum[k] > 0 ? 1 : -1);
    if (share > 0 && !(signed_mean && less > 0.9 * size[k] / (replicates * size_)))
      each.col(k) -= share * taken.col(k);
  }
  ChannelMeans m;
  m.value = each.leftCols(outputs).colwise().mean();
  m.deviation = replicate_deviations(each.leftCols(outputs));
  // Where no minimum was reached nothing is known.
  m.deviation.conservativeResize(m.deviation.rows() + 1, Eigen::NoChange);
  m.deviation.bottomRows(1) = doubtful.colwise().sum() / (replicates * size_);
  return m;
}

/// Of the controls, averaged over (y, w) exactly and over the fields by more points, one row a replicate.
Batch SampledPoints::expected(const OrderParameters& o, const FieldControls& control) const {
  const int per_replicate = fields_.size / block, blocks = replicates * per_replicate;
  Batch sums(blocks, FieldControls::count), each = Batch::Zero(replicates, FieldControls::count);
  parallel_for(blocks, threads_, [&](int b) {
    if (work_) work_->spend(double(block) * L_ * (0.25 + law_passes_));
    const Batch normals = fields_.rows(static_cast<Eigen::Index>(b) * block, block);
    FieldLaw law;
    problem_.task->fields(o.m_k, o.q_k, common_mode_ ? normals : without_common_mode(normals), law);
    sums.row(b) = (control.expected(law).colwise() * law.weight).colwise().sum();
  });
  for (int b = 0; b < blocks; ++b) each.row(b / per_replicate) += sums.row(b);
  return each / fields_.size;
}

SampledBlock SampledPoints::at(const OrderParameters& o, int b, bool search) {
  if (work_) work_->spend(double(block) * L_ * law_passes_);
  const Batch normals = points_.rows(static_cast<Eigen::Index>(b) * block, block);
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
  const bool keep = warm_.size() > 0, warm = keep && warm_filled_;
  const Batch last = warm ? Batch(warm_(rows, Eigen::all)) : Batch();
  GlobalProximal& at = sample.proximal;
  auto competing = competing_.segment(static_cast<Eigen::Index>(b) * block, block);
  std::vector<Eigen::Index> contested;
  for (Eigen::Index i = 0; i < block && !search; ++i)
    if (competing[i] > 0) contested.push_back(i);
  at.minimise(sample.law.omega, sample.y, sample.w, warm ? &last : nullptr, search ? nullptr : &contested);
  if (search) competing = at.competing;
  if (keep) warm_(rows, Eigen::all) = at.best.x;
  sample.g_k = (at.best.x - sample.law.omega) / o.V_k;
  sample.g_v = at.loss.jet.s.colwise() * at.loss.rho;
  return sample;
}

}  // namespace quenched
