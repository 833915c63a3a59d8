#include <Eigen/LU>
#include <quenched/linearised_map.hpp>

namespace quenched {

using Eigen::MatrixXd;
using Eigen::VectorXd;

LinearisedMap::LinearisedMap(MatrixXd J) : J_(std::move(J)) {
  const Eigen::Index n = J_.cols();
  newton_ = (MatrixXd::Identity(n, n) - J_.topRows(n)).partialPivLu().inverse();
}

VectorXd LinearisedMap::next(const VectorXd& x, const VectorXd& update) const {
  if (!known()) return update.head(x.size());
  return x + newton_ * (update.head(x.size()) - x);
}

VectorXd LinearisedMap::carried(VectorXd change) const {
  const Eigen::Index n = J_.cols(), further = J_.rows() - n;
  change.head(n) = (newton_ * change.head(n)).eval();
  change.tail(further) += J_.bottomRows(further) * change.head(n);
  return change;
}

double LinearisedMap::learn(const VectorXd& from, const VectorXd& from_rows, const VectorXd& to,
                            const VectorXd& to_rows) {
  const VectorXd weight = (1 + to.array().abs()).inverse(), step = to - from;
  const auto newton_step = [&](const VectorXd& x, const VectorXd& rows) {
    return (next(x, rows) - x).cwiseProduct(weight).norm();
  };
  const double ratio = newton_step(to, to_rows) / newton_step(from, from_rows);
  const VectorXd dual = weight.array().square() * step.array();
  constexpr double least = 1e-6;
  if (const double size = dual.dot(step);
      size > least * least && from_rows.allFinite() && to_rows.allFinite())
    *this = LinearisedMap(J_ + (to_rows - from_rows - J_ * step) * dual.transpose() / size);
  return ratio;
}

Eigen::ArrayXd carried_errors(const MatrixXd& J, const MatrixXd& changes) {
  const LinearisedMap map(J);
  Eigen::ArrayXd squares = Eigen::ArrayXd::Zero(J.rows());
  for (const auto& change : changes.colwise()) squares += map.carried(change).array().square();
  return squares.sqrt();
}

}  // namespace quenched
