#include "sobol.hpp"

#include <algorithm>
#include <bit>
#include <boost/random/sobol.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/vector_math.hpp>

namespace quenched {
namespace {

inline std::uint32_t reverse_bits(std::uint32_t x) {
  x = (x >> 1 & 0x55555555U) | (x & 0x55555555U) << 1;
  x = (x >> 2 & 0x33333333U) | (x & 0x33333333U) << 2;
  x = (x >> 4 & 0x0f0f0f0fU) | (x & 0x0f0f0f0fU) << 4;
  x = (x >> 8 & 0x00ff00ffU) | (x & 0x00ff00ffU) << 8;
  return x >> 16 | x << 16;
}

/// Owen's nested uniform scrambling of 32-bit fractions: on the reversed bits every step below lets a bit
/// depend only on the bits that stood above it (Laine and Karras 2011; constants of N. Vegdahl, 2021). A
/// uniform offset inside the last cell keeps the numbers off 0 and 1 and the average unbiased.
QUENCHED_CLONES void owen_uniforms(const std::uint32_t* raw, long n, std::uint64_t key, std::uint32_t first,
                                   double* out) {
  const auto add = static_cast<std::uint32_t>(key), multiply = static_cast<std::uint32_t>(key >> 32) | 1U;
  for (long i = 0; i < n; ++i) {
    std::uint32_t x = reverse_bits(raw[i]);
    x ^= x * 0x3d20adeaU;
    x += add;
    x *= multiply;
    x ^= x * 0x05526c56U;
    x ^= x * 0x53a22864U;
    x = reverse_bits(x);
    std::uint32_t low =
        (first + static_cast<std::uint32_t>(i)) * 0x9e3779b9U ^ add;  // lowbias32 (C. Wellons, 2018)
    low ^= low >> 16;
    low *= 0x7feb352dU;
    low ^= low >> 15;
    low *= 0x846ca68bU;
    low ^= low >> 16;
    // Signed conversions are single instructions; 32 + 20 bits and the half fit a double.
    const double high = static_cast<double>(static_cast<std::int32_t>(x ^ 0x80000000U)) + 0x1p31;
    out[i] = (high + (static_cast<double>(static_cast<std::int32_t>(low >> 12)) + 0.5) * 0x1p-20) * 0x1p-32;
  }
}

}  // namespace

std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

ScrambledSobol::ScrambledSobol(int dimension, std::uint64_t seed) : dimension_(dimension), seed_(seed) {
  if (dimension < 1 || dimension > 3667)
    throw InvalidInput("dimension", std::to_string(dimension), "needs 1 to 3667 Sobol dimensions");
  direction_.resize(static_cast<std::size_t>(dimension) * bits);
  boost::random::sobol_engine<std::uint32_t, 32> sobol(static_cast<std::size_t>(dimension));
  for (int k = 0; k < bits;
       ++k) {  // the point of index 2^(k+1) - 1 is direction number k alone; Boost skips point 0
    sobol.seed((2U << k) - 2);
    for (int d = 0; d < dimension; ++d) direction_[static_cast<std::size_t>(d) * bits + k] = sobol();
  }
}

void ScrambledSobol::fill(int replicate, int d, long first, long count, double* out) const {
  const std::uint32_t* v = &direction_[static_cast<std::size_t>(d) * bits];
  const auto stream = static_cast<std::uint64_t>(replicate) * dimension_ + d;
  const std::uint64_t key = mix(seed_ ^ mix(stream));
  std::uint32_t x = 0;
  for (auto gray = static_cast<std::uint64_t>(first) ^ (static_cast<std::uint64_t>(first) >> 1); gray;
       gray &= gray - 1)
    x ^= v[std::countr_zero(gray)];
  constexpr long stretch = 512;
  std::uint32_t raw[stretch];
  for (long done = 0; done < count; done += stretch) {
    const long n = std::min(stretch, count - done);
    for (long i = 0; i < n; ++i) {
      raw[i] = x;
      x ^= v[std::min(std::countr_zero(static_cast<std::uint64_t>(first + done + i + 1)), bits - 1)];
    }
    owen_uniforms(raw, n, key, static_cast<std::uint32_t>(first + done), out + done);
  }
  const Eigen::Map<Eigen::ArrayXd> normals(out, count);
  vector_math::normal_quantile(normals, Eigen::Map<Eigen::ArrayXd>(out, count));
}

}  // namespace quenched
