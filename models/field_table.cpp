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
  tilt_ = law.weight;
  t1_ = (law.t.matrix() * B.col(0)).array(), t2_ = (law.t.matrix() * B.col(1)).array();
}

void FieldTable::apply(In omega1, In omega2, Eigen::ArrayXd& density, Eigen::ArrayXd& t1, Eigen::ArrayXd& t2) const {
  if (columns_ == 1) {
    t1.setConstant(t1_[0]), t2.setConstant(t2_[0]);
    return;
  }
  const double scale = 1 / (std::sqrt(q_) * step_);
  for (Eigen::Index i = 0; i < density.size(); ++i) {
    t1[i] = t2[i] = 0;
    if (density[i] == 0) continue;
    const auto locate = [&](double omega, double centre, double& x) {
      const double place = std::clamp((omega - centre) * scale + static_cast<double>(columns_ - 1) / 2, 0.0, static_cast<double>(columns_ - 1));
      const auto cell = std::clamp<Eigen::Index>(static_cast<Eigen::Index>(place), 1, columns_ - 3);
      x = place - static_cast<double>(cell);
      return cell;
    };
    double a, b, tilt = 0;
    const Eigen::Index column = locate(omega1[i], centre_[0], a), row = locate(omega2[i], centre_[1], b);
    const auto wa = cubic_weights(a), wb = cubic_weights(b);
    for (int r = 0; r < 4; ++r)
      for (int c = 0; c < 4; ++c) {
        const double w = wb[r] * wa[c];
        const Eigen::Index at = (row + r - 1) * columns_ + column + c - 1;
        tilt += w * tilt_[at], t1[i] += w * t1_[at], t2[i] += w * t2_[at];
      }
    density[i] *= tilt;
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
