#pragma once
#include <cstdint>
#include <limits>
#include <memory>
#include <quenched/batch.hpp>
#include <quenched/integrand.hpp>

namespace quenched {

/// Equal-weight points for averages over standard Gaussians: `replicates` independently scrambled copies of a
/// Sobol sequence (Owen's nested uniform scrambling, hashed), `size` points each, mapped by the normal
/// quantile.
struct PointSet {
  int dimension = 0, size = 0, replicates = 0;
  Batch normals;  // (replicates * size) x dimension; replicate r holds rows r * size .. (r + 1) * size - 1
  std::shared_ptr<const class ScrambledSobol> sequence;

  /// `count` rows of one replicate, from `normals` or, where these were not kept, made anew.
  [[nodiscard]] Batch rows(Eigen::Index first, Eigen::Index count) const;
};

/// Throws InvalidInput unless dimension is in 1..3667, size a power of two from 2 to 2^26, replicates >= 1.
/// More than `kept` numbers are not kept: `normals` is empty. Cost: about 7 ns a number with AVX2.
[[nodiscard]] PointSet scrambled_sobol(int dimension, int size, int replicates, std::uint64_t seed,
                                       int threads = 0,
                                       Eigen::Index kept = std::numeric_limits<Eigen::Index>::max());

/// Means of `outputs` functions over each replicate: replicates x outputs. The spread over replicates is the
/// error of the rule. Same bytes for any thread count: fixed blocks, summed in order.
[[nodiscard]] Batch replicate_means(const PointSet& points, int outputs, const Integrand& integrand,
                                    int threads = 0);

/// How the mean over the rows of `means` (replicates x outputs) may be wrong, one row a direction: the root
/// of the sum of squares over the rows is twice the standard error.
[[nodiscard]] Batch replicate_deviations(const Batch& means);

}  // namespace quenched
