#include <quenched/invalid_input.hpp>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>

#include <boost/random/sobol.hpp>
#include <gsl/gsl_cdf.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace quenched {
namespace {

constexpr int block = 64;

std::uint64_t mix(std::uint64_t z) {  // splitmix64
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint32_t reverse_bits(std::uint32_t x) {
  x = (x >> 1 & 0x55555555U) | (x & 0x55555555U) << 1;
  x = (x >> 2 & 0x33333333U) | (x & 0x33333333U) << 2;
  x = (x >> 4 & 0x0f0f0f0fU) | (x & 0x0f0f0f0fU) << 4;
  return __builtin_bswap32(x);
}

/// Owen's nested uniform scrambling of a 32-bit fraction: on the reversed bits every step below lets a bit depend
/// only on the bits that stood above it (Laine and Karras 2011; constants of N. Vegdahl, 2021).
std::uint32_t owen_scramble(std::uint32_t x, std::uint64_t key) {
  x = reverse_bits(x);
  x ^= x * 0x3d20adeaU;
  x += static_cast<std::uint32_t>(key);
  x *= static_cast<std::uint32_t>(key >> 32) | 1U;
  x ^= x * 0x05526c56U;
  x ^= x * 0x53a22864U;
  return reverse_bits(x);
}

}  // namespace

PointSet scrambled_sobol(int dimension, int size, int replicates, std::uint64_t seed, int threads) {
  if (dimension < 1 || dimension > 3667)
    throw InvalidInput("dimension", std::to_string(dimension), "needs 1 to 3667 Sobol dimensions");
  if (size < 2 || size > (1 << 26) || !std::has_single_bit(static_cast<unsigned>(size)))
    throw InvalidInput("points", std::to_string(size), "needs a power of two from 2 to 2^26");
  if (replicates < 1) throw InvalidInput("replicates", std::to_string(replicates), "needs at least 1");
  std::vector<std::uint32_t> raw(static_cast<std::size_t>(size) * dimension);
  boost::random::sobol_engine<std::uint32_t, 32> sobol(static_cast<std::size_t>(dimension));
  for (int d = 0; d < dimension; ++d) raw[static_cast<std::size_t>(d) * size] = 0;  // Boost skips the origin
  for (int i = 1; i < size; ++i)
    for (int d = 0; d < dimension; ++d) raw[static_cast<std::size_t>(d) * size + i] = sobol();
  PointSet points{dimension, size, replicates, Batch(static_cast<Eigen::Index>(size) * replicates, dimension)};
  parallel_for(replicates * dimension, threads, [&](int task) {
    const int r = task / dimension, d = task % dimension;
    const std::uint64_t key = mix(seed ^ mix(static_cast<std::uint64_t>(task)));
    double* out = &points.normals(static_cast<Eigen::Index>(r) * size, d);
    for (int i = 0; i < size; ++i) {
      // A uniform offset inside the last cell keeps the point off 0 and 1 and the average unbiased.
      const double low = static_cast<double>(mix(key + static_cast<std::uint64_t>(i)) >> 40) + 0.5;
      const double u = (owen_scramble(raw[static_cast<std::size_t>(d) * size + i], key) + low * 0x1p-24) * 0x1p-32;
      out[i] = gsl_cdf_ugaussian_Pinv(u);
    }
  });
  return points;
}

Batch replicate_means(const PointSet& points, int outputs, const Integrand& integrand, int threads) {
  const int per_block = std::min(block, points.size), per_replicate = points.size / per_block;
  const int blocks = per_replicate * points.replicates;
  Batch sums(blocks, outputs);
  constexpr int chunk = 8;  // blocks a thread takes at a time
  parallel_for((blocks + chunk - 1) / chunk, threads, [&](int c) {
    Batch x(per_block, points.dimension), f(per_block, outputs);
    for (int b = c * chunk; b < std::min(blocks, (c + 1) * chunk); ++b) {
      x = points.normals.middleRows(static_cast<Eigen::Index>(b) * per_block, per_block);
      integrand(x, f);
      sums.row(b) = f.colwise().sum();
    }
  });
  Batch means = Batch::Zero(points.replicates, outputs);
  for (int b = 0; b < blocks; ++b) means.row(b / per_replicate) += sums.row(b);
  return means / points.size;
}

}  // namespace quenched
