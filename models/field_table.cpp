#include "field_table.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quenched {
namespace {

std::array<double, 4> cubic_weights(double x) {
  return {-x * (x - 1) * (x - 2) / 6, (x * x - 1) * (x - 2) / 2, -x * (x + 1) * (x - 2) / 2, x * (x * x - 1) / 6};
}

}  // namespace

FieldTable::FieldTable(const Task& task, const Eigen::MatrixXd& B, double m, double q) : task_(task), B_(B), m_(m), q_(q) {
  const double end = task.independent_tokens() ? 0 : reach_;
  columns_ = task.independent_tokens() ? 1 : 161;
  step_ = columns_ > 1 ? 2 * end / static_cast<double>(columns_ - 1) : 1;
  Batch x(columns_ * columns_, 2);
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    x(i, 0) = -end + static_cast<double>(i % columns_) * step_, x(i, 1) = -end + static_cast<double>(i / columns_) * step_;
  FieldLaw law;
  task.fields(m, q, (x.matrix() * B.transpose()).array(), law);
  const Eigen::Index middle = x.rows() / 2;
  const Eigen::Vector2d centre = B.transpose() * law.omega.row(middle).matrix().transpose();
  centre_ = {centre[0], centre[1]};
  table_.setZero(4, x.rows());
  table_.row(0) = law.weight.transpose();
  table_.row(1) = (law.t.matrix() * B.col(0)).transpose().array(), table_.row(2) = (law.t.matrix() * B.col(1)).transpose().array();
}

void FieldTable::apply(In omega1, In omega2, Eigen::ArrayXd& density, Eigen::ArrayXd& t1, Eigen::ArrayXd& t2) const {
  if (columns_ == 1) {
    t1.setConstant(table_(1, 0)), t2.setConstant(table_(2, 0));
    return;
  }
  const double scale = 1 / (std::sqrt(q_) * step_);
  for (Eigen::Index i = 0; i < density.size(); ++i) {
    t1[i] = t2[i] = 0;
    if (density[i] < 1e-17) continue;
    const auto locate = [&](double omega, double centre, double& x) {
      const double place = std::clamp((omega - centre) * scale + static_cast<double>(columns_ - 1) / 2, 0.0, static_cast<double>(columns_ - 1));
      const auto cell = std::clamp<Eigen::Index>(static_cast<Eigen::Index>(place), 1, columns_ - 3);
      x = place - static_cast<double>(cell);
      return cell;
    };
    double a, b;
    const Eigen::Index column = locate(omega1[i], centre_[0], a), row = locate(omega2[i], centre_[1], b);
    const auto wa = cubic_weights(a), wb = cubic_weights(b);
    Eigen::Array4d sum = Eigen::Array4d::Zero();
    for (int r = 0; r < 4; ++r) {
      const Eigen::Index at = (row + r - 1) * columns_ + column - 1;
      sum += wb[r] * (wa[0] * table_.col(at) + wa[1] * table_.col(at + 1) + wa[2] * table_.col(at + 2) + wa[3] * table_.col(at + 3));
    }
    t1[i] = sum[1], t2[i] = sum[2];
    density[i] *= sum[0];
  }
}

void FieldTable::fresh_sample(const Activation& activation, double& hit, double& power) const {
  constexpr double step = 0.2;
  constexpr Eigen::Index half = 40, columns = 2 * half + 1;
  Batch x(columns * columns, 2);
  for (Eigen::Index i = 0; i < x.rows(); ++i)
    x(i, 0) = static_cast<double>(i % columns - half) * step, x(i, 1) = static_cast<double>(i / columns - half) * step;
  FieldLaw law;
  task_.fields(m_, q_, (x.matrix() * B_.transpose()).array(), law);
  Batch sigma;
  activation.value(law.omega, sigma);
  const Eigen::ArrayXd density = law.weight * (-0.5 * x.square().rowwise().sum()).exp() * (step * step / (2 * std::numbers::pi));
  hit = (density * sigma.col(0)).sum();
  power = (density * sigma.square().rowwise().sum()).sum();
}

}  // namespace quenched
