#include <algorithm>
#include <bit>
#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>

#include "sobol.hpp"

namespace quenched {
namespace {

constexpr int block = 64;

}  // namespace

PointSet scrambled_sobol(int dimension, int size, int replicates, std::uint64_t seed, int threads,
                         Eigen::Index kept) {
  if (size < 2 || size > (1 << 26) || !std::has_single_bit(static_cast<unsigned>(size)))
    throw InvalidInput("points", std::to_string(size), "needs a power of two from 2 to 2^26");
  if (replicates < 1) throw InvalidInput("replicates", std::to_string(replicates), "needs at least 1");
  const auto sequence = std::make_shared<const ScrambledSobol>(dimension, seed);
  PointSet points{dimension, size, replicates, {}, sequence};
  const Eigen::Index rows = static_cast<Eigen::Index>(size) * replicates;
  if (rows * dimension > kept) return points;
  points.normals.resize(rows, dimension);
  parallel_for(replicates * dimension, threads, [&](int task) {
    const int r = task / dimension, d = task % dimension;
    sequence->fill(r, d, 0, size, &points.normals(static_cast<Eigen::Index>(r) * size, d));
  });
  return points;
}

Batch PointSet::rows(Eigen::Index first, Eigen::Index count) const {
  if (normals.size() > 0) return normals.middleRows(first, count);
  Batch made(count, dimension);
  for (int d = 0; d < dimension; ++d)
    sequence->fill(static_cast<int>(first / size), d, first % size, count, made.col(d).data());
  return made;
}

Batch replicate_deviations(const Batch& means) {
  const double R = static_cast<double>(means.rows());
  return 2 / std::sqrt(R * (R - 1)) * (means.rowwise() - means.colwise().mean());
}

Batch replicate_means(const PointSet& points, int outputs, const Integrand& integrand, int threads) {
  const int per_block = std::min(block, points.size), per_replicate = points.size / per_block;
  const int blocks = per_replicate * points.replicates;
  Batch sums(blocks, outputs);
  constexpr int chunk = 8;  // blocks a thread takes at a time
  parallel_for((blocks + chunk - 1) / chunk, threads, [&](int c) {
    Batch x(per_block, points.dimension), f(per_block, outputs);
    for (int b = c * chunk; b < std::min(blocks, (c + 1) * chunk); ++b) {
      x = points.rows(static_cast<Eigen::Index>(b) * per_block, per_block);
      integrand(x, f);
      sums.row(b) = f.colwise().sum();
    }
  });
  Batch means = Batch::Zero(points.replicates, outputs);
  for (int b = 0; b < blocks; ++b) means.row(b / per_replicate) += sums.row(b);
  return means / points.size;
}

}  // namespace quenched
