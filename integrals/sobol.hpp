#pragma once
#include <cstdint>
#include <quenched/batch.hpp>
#include <vector>

namespace quenched {

/// splitmix64: 64 well-mixed bits from a counter.
[[nodiscard]] std::uint64_t mix(std::uint64_t z);

/// Independently scrambled copies of the Sobol sequence (Boost's direction numbers: Joe and Kuo 2008), as
/// standard normals, any stretch at a time. Owen's nested uniform scrambling, hashed.
class ScrambledSobol {
 public:
  /// Throws InvalidInput unless dimension is in 1..3667. Cost: about 1 us a dimension.
  ScrambledSobol(int dimension, std::uint64_t seed);
  /// Points first .. first + count - 1 < 2^26 of a replicate, coordinate d, to out. Cost: about 7 ns a number
  /// with AVX2.
  void fill(int replicate, int d, long first, long count, double* out) const;
  [[nodiscard]] int dimension() const { return dimension_; }

 private:
  static constexpr int bits = 26;
  int dimension_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> direction_;  // bits a dimension
};

}  // namespace quenched
