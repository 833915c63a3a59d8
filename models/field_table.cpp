#include "field_table.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/parallel.hpp>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

constexpr double half_side = 8,
                 half_seen = 7.3;  // half the square's side; nodes beyond `half_seen` carry no weight
constexpr Eigen::Index side = 81;  // of the square for a fresh sample, and of a rough table

struct Interpolation {
  const double* table;  // four numbers a node
  Eigen::Index columns;
  double centre[2], scale;
};

[[gnu::always_inline]] inline Eigen::Index locate(double place, Eigen::Index columns, double* weight) {
  const auto last = static_cast<double>(columns - 1);
  place = place < 0 ? 0 : place > last ? last : place;
  auto cell = static_cast<Eigen::Index>(place);
  cell = cell < 1 ? 1 : cell > columns - 3 ? columns - 3 : cell;
  const double x = place - static_cast<double>(cell);
  weight[0] = -x * (x - 1) * (x - 2) / 6, weight[1] = (x * x - 1) * (x - 2) / 2;
  weight[2] = -x * (x + 1) * (x - 2) / 2, weight[3] = x * (x * x - 1) / 6;
  return cell - 1;
}

QUENCHED_CLONES void interpolate(const Interpolation& f, Eigen::Index n, const double* omega1,
                                 const double* omega2, double* density, double* t1, double* t2) {
  const double middle = static_cast<double>(f.columns - 1) / 2;
  for (Eigen::Index i = 0; i < n; ++i) {
    t1[i] = t2[i] = 0;
    if (density[i] == 0) continue;
    double a[4], b[4], sum[4] = {0, 0, 0, 0};
    const Eigen::Index column = locate((omega1[i] - f.centre[0]) * f.scale + middle, f.columns, a);
    const Eigen::Index row = locate((omega2[i] - f.centre[1]) * f.scale + middle, f.columns, b);
    const double* corner = f.table + 4 * (row * f.columns + column);
    for (int r = 0; r < 4; ++r, corner += 4 * f.columns)
      for (int c = 0; c < 4; ++c) {
        const double weight = b[r] * a[c];
        for (int k = 0; k < 4; ++k) sum[k] += weight * corner[4 * c + k];
      }
    density[i] *= sum[0], t1[i] = sum[1], t2[i] = sum[2];
  }
}

}  // namespace

Batch FieldTable::square(Eigen::Index columns, double step) {
  const double end = step * static_cast<double>(columns - 1) / 2;
  Batch x(columns * columns, 2);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const Eigen::Index column = i % columns, row = i / columns;
    x(i, 0) = -end + static_cast<double>(column) * step;
    x(i, 1) = -end + static_cast<double>(row) * step;
  }
  return x;
}

FieldTable::FieldTable(const Task& task, const Eigen::MatrixXd& B, double m, double q, bool rough,
                       int threads)
    : B_(B),
      q_(q),
      columns_(task.independent_tokens() ? 1
               : rough                   ? side
                                         : 2 * side - 1) {
  step_ = columns_ > 1 ? 2 * half_side / static_cast<double>(columns_ - 1) : 1;
  const Batch x = square(columns_, step_);
  table_.setZero(4, x.rows());
  std::vector<Eigen::Vector2d> middle(static_cast<std::size_t>(columns_));
  parallel_for(static_cast<int>(columns_), threads, [&](int row) {
    FieldLaw law;
    const double height = x(row * columns_, 1),
                 half = std::sqrt(std::max(0.0, half_seen * half_seen - height * height));
    const auto skipped = columns_ > 1 ? static_cast<Eigen::Index>((half_side - half) / step_) : 0,
               count = columns_ - 2 * skipped;
    const Eigen::Index first = row * columns_ + skipped;
    task.fields(m, q, (x.middleRows(first, count).matrix() * B.transpose()).array(), law);
    middle[row] = B.transpose() * law.omega.row(count / 2).matrix().transpose();
    auto rows = table_.middleCols(first, count);
    rows.row(0) = law.weight.transpose();
    for (int k : {0, 1}) rows.row(1 + k) = (law.t.matrix() * B.col(k)).transpose().array();
  });
  const Eigen::Vector2d& centre = middle[static_cast<std::size_t>(columns_ / 2)];
  centre_ = {centre[0], centre[1]};
}

void FieldTable::apply(In omega1, In omega2, Eigen::ArrayXd& density, Eigen::ArrayXd& t1,
                       Eigen::ArrayXd& t2) const {
  if (columns_ == 1) {
    t1.setConstant(table_(1, 0)), t2.setConstant(table_(2, 0));
    return;
  }
  interpolate({table_.data(), columns_, {centre_[0], centre_[1]}, 1 / (std::sqrt(q_) * step_)},
              density.size(), omega1.data(), omega2.data(), density.data(), t1.data(), t2.data());
}

void FieldTable::fresh_sample(const Activation& activation, double& hit, double& power) const {
  const double step = 2 * half_side / static_cast<double>(side - 1);
  const Batch x = square(side, step);
  Eigen::ArrayXd density = (-0.5 * x.square().rowwise().sum()).exp() * (step * step / (2 * std::numbers::pi));
  if (columns_ > 1)
    for (Eigen::Index i = 0, stride = (columns_ - 1) / (side - 1); i < x.rows(); ++i)
      density[i] *= table_(0, stride * (i / side * columns_ + i % side));
  const Eigen::RowVector2d centre(centre_[0], centre_[1]);
  Batch sigma;
  activation.value((((std::sqrt(q_) * x).matrix().rowwise() + centre) * B_.transpose()).array(), sigma);
  hit = (density * sigma.col(0)).sum();
  power = (density * sigma.square().rowwise().sum()).sum();
}

}  // namespace quenched
