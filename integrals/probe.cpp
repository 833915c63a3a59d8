#include <algorithm>
#include <cmath>
#include <vector>

#include "rules.hpp"
#include "sobol.hpp"

namespace quenched::rules {
namespace {

/// A part of the mixture: N(centre, tau^2 I).
struct Part {
  Eigen::ArrayXd centre;
  double tau;

  /// Its density over that of N(0, I), at the rows of x.
  [[nodiscard]] Eigen::ArrayXd ratio(const Batch& x) const {
    const Eigen::ArrayXd exponent =
        x.square().rowwise().sum() / 2 -
        (x.rowwise() - centre.transpose()).square().rowwise().sum() / (2 * tau * tau);
    return exponent.exp() / std::pow(tau, static_cast<double>(x.cols()));
  }
};

/// Four widths about the centre, wider where the sample can afford it: the weights of a part spread like
/// tau^d.
std::vector<Part> wide_parts(int d) {
  std::vector<Part> parts;
  for (const double tau : d <= 3 ? std::vector{1.0, 1.5, 2.5, 4.0} : std::vector{1.0, 1.2, 1.5, 2.0})
    parts.push_back({Eigen::ArrayXd::Zero(d), tau});
  return parts;
}

/// Climbs log max_j |f_j| / scale_j - |x|^2 / 2 by steepest ascent, each line search one block of points.
class Climb {
 public:
  Climb(const Problem& problem, long& points) : problem_(problem), points_(points) {}

  Eigen::ArrayXd top(const ScrambledSobol& sequence) {
    const int d = problem_.d;
    Batch starts(8 * block, d);
    const auto parts = wide_parts(d);
    for (int j = 0; j < d; ++j) sequence.fill(0, j, 0, starts.rows(), starts.col(j).data());
    for (long i = 0; i < starts.rows(); ++i)
      starts.row(i) *= parts[static_cast<std::size_t>(i / (2 * block))].tau;
    scale_ = Eigen::ArrayXd::Ones(problem_.outputs);
    const Batch f = values(starts).abs();
    scale_ =
        (f.colwise() * (-starts.square().rowwise().sum() / 4).exp()).colwise().sum().transpose().max(1e-300);
    Eigen::ArrayXd x;
    double height = best(starts, x);
    for (int step = 0; step < 12; ++step) {
      constexpr double h = 0.02;
      Batch around = x.transpose().replicate(2 * d, 1);
      for (int a = 0; a < d; ++a) around(a, a) += h, around(d + a, a) -= h;
      const Eigen::ArrayXd level = heights(around), slope = (level.head(d) - level.tail(d)) / (2 * h);
      if (!slope.allFinite()) break;
      Batch line = x.transpose().replicate(block, 1);
      for (int i = 0; i < block; ++i) line.row(i) += std::exp2(6.0 - 0.25 * i) / 8 * slope.transpose();
      Eigen::ArrayXd next;
      const double higher = best(line, next);
      if (!(higher > height + 0.02)) break;
      x = next;
      height = higher;
    }
    return x;
  }

 private:
  Batch values(const Batch& x) {
    Batch out(x.rows(), problem_.outputs);
    for (long first = 0; first < x.rows(); first += block) {
      const Batch part = x.middleRows(first, std::min<long>(block, x.rows() - first));
      Batch f(part.rows(), problem_.outputs);
      problem_.f(part, f);
      out.middleRows(first, part.rows()) = f;
    }
    points_ += x.rows();
    return out;
  }
  Eigen::ArrayXd heights(const Batch& x) {
    const Batch relative = values(x).abs().rowwise() / scale_.transpose();
    return relative.rowwise().maxCoeff().log() - x.square().rowwise().sum() / 2;
  }
  double best(const Batch& x, Eigen::ArrayXd& at) {
    const Eigen::ArrayXd height = heights(x);
    long i = 0;
    for (long k = 1; k < height.size(); ++k)
      if (height[k] > height[i] || std::isnan(height[i])) i = k;
    at = x.row(i);
    return height[i];
  }

  const Problem& problem_;
  long& points_;
  Eigen::ArrayXd scale_;
};

}  // namespace

Probe probe(const Problem& problem, int points) {
  constexpr int replicates = 8, largest_climb = 64;
  const int d = problem.d, n = problem.outputs;
  const ScrambledSobol sequence(d, mix(problem.options.seed));
  Probe out;
  std::vector<Part> parts = wide_parts(d);
  const int per_part = std::max(1, points / static_cast<int>(replicates * parts.size()));
  if (d <= largest_climb) {
    const Eigen::ArrayXd top = Climb(problem, out.points).top(sequence);
    if (top.allFinite() && top.matrix().norm() > 2) parts.push_back({top, 1});
  }
  const int rows = std::min(per_part, block), blocks_a_part = (per_part + rows - 1) / rows;
  const int blocks_a_replicate = static_cast<int>(parts.size()) * blocks_a_part;
  Eigen::ArrayXd block_weights(replicates * blocks_a_replicate);
  const Batch sums = block_sums(problem, block_weights.size(), [&](long b, Batch& x, Eigen::ArrayXd& w) {
    const Part& part = parts[static_cast<std::size_t>(b % blocks_a_replicate / blocks_a_part)];
    if (x.rows() != rows) x.resize(rows, d);
    for (int j = 0; j < d; ++j) {
      sequence.fill(static_cast<int>(b / blocks_a_replicate), j, b % blocks_a_replicate * rows, rows,
                    x.col(j).data());
      x.col(j) = part.centre[j] + part.tau * x.col(j);
    }
    w = Eigen::ArrayXd::Zero(rows);
    for (const Part& p : parts) w += p.ratio(x);
    w = static_cast<double>(parts.size()) / w;
    block_weights[b] = w.sum();
  });
  Batch total = Batch::Zero(replicates, 2 * n);
  Eigen::ArrayXd weight = Eigen::ArrayXd::Zero(replicates);
  for (long b = 0; b < sums.rows(); ++b) {
    total.row(b / blocks_a_replicate) += sums.row(b).head(2 * n);
    weight[b / blocks_a_replicate] += block_weights[b];
  }
  const Eigen::ArrayXd mean =
      total.colwise().sum().transpose() / weight.sum();  // a ratio: exact for constants
  const Batch residual = total - (weight.matrix() * mean.matrix().transpose()).array();
  const Eigen::ArrayXd se =
      (residual.square().colwise().sum().transpose() * replicates / (replicates - 1)).sqrt() / weight.sum();
  out.points += sums.rows() * rows;
  out.value = mean.head(n);
  out.value_se = se.head(n);
  out.magnitude = mean.tail(n);
  out.magnitude_se = se.tail(n);
  return out;
}

}  // namespace quenched::rules
