#include "kinks.hpp"

#include <Eigen/Dense>
#include <cmath>

namespace quenched {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// h and its derivatives on the side of the kinks where x happens to lie.
struct OneSided {
  double value;
  VectorXd gradient;
  MatrixXd hessian;
};

OneSided one_sided(const LowRankModel& f, Eigen::Index row, const VectorXd& x, const VectorXd& centre,
                   double V) {
  const VectorXd z = f.z.row(row).transpose(), gamma = f.gamma.row(row).transpose(),
                 q = f.q.row(row).transpose();
  OneSided h;
  h.value = f.value[row] + (x - centre).squaredNorm() / (2 * V);
  h.gradient = f.gradient.row(row).matrix().transpose() + (x - centre) / V;
  h.hessian = f.zeta[row] * z * z.transpose() + gamma * q.transpose() + q * gamma.transpose();
  h.hessian.diagonal() += f.diagonal.row(row).matrix().transpose();
  h.hessian.diagonal().array() += 1 / V;
  return h;
}

/// One row on its way to a minimum: `trial` is the point whose h it waits for.
class Descent {
 public:
  Descent(VectorXd start, double V, double tolerance)
      : trial(std::move(start)), V_(V), tolerance_(tolerance) {}

  VectorXd trial;
  bool done = false, failed = false;

  void take(const OneSided& h) {
    if (releasing_ >= 0)
      try_release(h);
    else if (hi_ == 0)
      arrive(h);
    else
      search(h);
  }
  [[nodiscard]] const VectorXd& x() const { return x_; }
  [[nodiscard]] bool on_kinks() const { return !normals_.empty(); }
  /// The inverse of the Hessian within the kinks: what the minimum answers to a force.
  [[nodiscard]] const MatrixXd& inverse() const { return inverse_; }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  /// An orthonormal basis of what is orthogonal to all normals but one.
  [[nodiscard]] MatrixXd within(std::size_t without = none) const {
    const auto count = static_cast<Eigen::Index>(normals_.size()) - (without == none ? 0 : 1);
    if (count == 0) return MatrixXd::Identity(x_.size(), x_.size());
    MatrixXd n(x_.size(), count);
    for (Eigen::Index column = 0; const VectorXd& normal : normals_)
      if (without == none || &normal != &normals_[without]) n.col(column++) = normal;
    return MatrixXd(n.householderQr().householderQ()).rightCols(x_.size() - count);
  }

  /// At a point to step from: along Newton's direction within the kinks, curvatures taken positive.
  void arrive(const OneSided& h) {
    x_ = trial, here_ = h, hi_ = 0;
    const MatrixXd Z = within();
    inverse_ = MatrixXd::Zero(x_.size(), x_.size());
    bool minimum = true;
    if (Z.cols() > 0) {
      const Eigen::SelfAdjointEigenSolver<MatrixXd> reduced(Z.transpose() * h.hessian * Z);
      minimum = reduced.eigenvalues()[0] > 0;
      inverse_ = Z * reduced.eigenvectors() *
                 reduced.eigenvalues().cwiseAbs().cwiseMax(1e-3 / V_).cwiseInverse().asDiagonal() *
                 (Z * reduced.eigenvectors()).transpose();
    }
    step_ = -inverse_ * h.gradient;
    slope_ = step_.dot(h.gradient);
    if (minimum && (step_.array().abs() / (1 + x_.array().abs())).maxCoeff() <= tolerance_) {
      release(0);
    } else {
      lo_ = 0, hi_ = 1;
      below_ = h.gradient;
      first_ = true;
      trial = x_ + step_;
    }
  }

  /// Bisects for the minimum along the step, or the kink that it meets.
  void search(const OneSided& h) {
    const double t = first_ ? 1 : (lo_ + hi_) / 2, slope = h.gradient.dot(step_);
    const bool lower = h.value <= here_.value + 1e-14 * (1 + std::abs(here_.value));
    const bool beyond = !(slope <= 0 && lower);  // also where h is no number
    if (lower && (std::abs(slope) <= 0.1 * std::abs(slope_) || (first_ && !beyond))) return arrive(h);
    (beyond ? hi_ : lo_) = t;
    (beyond ? above_ : below_) = h.gradient;
    first_ = false;
    if ((hi_ - lo_) * step_.norm() > 1e-13 * (1 + x_.norm())) {
      trial = x_ + (lo_ + hi_) / 2 * step_;
      return;
    }
    VectorXd leap = VectorXd::Zero(x_.size());
    if (const MatrixXd Z = within(); above_.allFinite()) leap = Z * (Z.transpose() * (above_ - below_));
    if (normals_.size() == static_cast<std::size_t>(x_.size()) ||
        !(leap.norm() > 1e-7 * here_.gradient.norm())) {
      done = true, failed = true;  // no kink: h is rough or no number here, or the step as small as rounding
      trial = x_;
      return;
    }
    normals_.push_back(leap.normalized());
    trial = x_ + lo_ * step_;
    hi_ = 0;
  }

  /// Tries h off the i-th kink, on one side and then the other.
  void release(int i) {
    releasing_ = i;
    if (i == static_cast<int>(2 * normals_.size())) {
      releasing_ = -1, done = true;
      trial = x_;
      return;
    }
    const auto kink = static_cast<std::size_t>(i / 2);
    const MatrixXd Z = within(kink);
    off_ = (Z * (Z.transpose() * normals_[kink])).normalized() * (i % 2 == 0 ? 1 : -1);
    trial = x_ + 1e-7 * (1 + x_.norm()) * off_;
  }
  void try_release(const OneSided& h) {
    if (h.gradient.dot(off_) >= -1e-5 * h.gradient.norm()) return release(releasing_ + 1);
    normals_.erase(normals_.begin() + releasing_ / 2);
    releasing_ = -1;
    arrive(h);
  }

  double V_, tolerance_, slope_ = 0, lo_ = 0, hi_ = 0;  // hi_ = 0: no step under way
  VectorXd x_, step_, below_, above_, off_;
  OneSided here_{};  // that of x_
  MatrixXd inverse_;
  std::vector<VectorXd> normals_;
  int releasing_ = -1;
  bool first_ = false;
};

}  // namespace

void settle_at_kinks(const LowRankObjective& f, const Batch& centre, double V, const ProximalOptions& options,
                     ProximalMinimum& m) {
  std::vector<Eigen::Index> rows;
  std::vector<Descent> descents;
  for (Eigen::Index i = 0; i < m.x.rows(); ++i)
    if (!m.converged[i]) {
      rows.push_back(i);
      descents.emplace_back(m.x.row(i).matrix().transpose(), V, options.tolerance);
    }
  if (rows.empty()) return;
  constexpr int most = 1000;
  std::vector<Eigen::Index> open;
  LowRankObjective at_open;
  LowRankModel model;
  for (int pass = 0; pass < most; ++pass, ++m.iterations) {
    std::vector<std::size_t> active;
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (!descents[k].done) active.push_back(k);
    if (active.empty()) break;
    if (active.size() != open.size()) {
      open.clear();
      for (const std::size_t k : active) open.push_back(rows[k]);
      at_open = options.at_points(open);
    }
    Batch x(std::ssize(active), m.x.cols());
    for (std::size_t j = 0; j < active.size(); ++j)
      x.row(static_cast<Eigen::Index>(j)) = descents[active[j]].trial.transpose().array();
    at_open(x, model);
    for (std::size_t j = 0; j < active.size(); ++j) {
      Descent& d = descents[active[j]];
      const auto n = static_cast<double>(d.trial.size());
      if (options.spend) options.spend(n * n * (0.1 + 0.005 * n));
      d.take(one_sided(model, static_cast<Eigen::Index>(j), d.trial, centre.row(open[j]).matrix().transpose(),
                       V));
    }
  }
  Batch x = m.x;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const Descent& d = descents[k];
    x.row(rows[k]) = d.x().transpose().array();
    m.converged[rows[k]] = d.done && !d.failed;
    if (d.done && d.on_kinks()) m.kinks.push_back({rows[k], d.inverse()});
  }
  m.x = x;
  f(x, m.model);
  m.value = m.model.value + (x - centre).square().rowwise().sum() / (2 * V);
  m.factor.factorise(m.model, 1 / V, 1e-3 / V);
}

}  // namespace quenched
