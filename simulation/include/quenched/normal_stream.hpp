#pragma once
#include <array>
#include <cstdint>

namespace quenched {

/// A key for an independent stream of random numbers: splitmix64 of (seed, stream), a bijection in each
/// argument.
[[nodiscard]] std::uint64_t stream_key(std::uint64_t seed, std::uint64_t stream);

/// Standard normals in float32, in bulk: xoshiro128++ (Blackman and Vigna 2019) on 16 lanes, then Box and
/// Muller with polynomials of our own, so that the bytes are the same on every processor. The radius has 31
/// bits: |x| <= 6.56. Cost: about 1 ns a number with AVX2. How the numbers are split over calls of `fill`
/// does not change them.
class NormalStream {
 public:
  explicit NormalStream(std::uint64_t key);
  void fill(float* out, std::int64_t count);

  static constexpr int lanes = 16, buffer_size = 512;
  using State = std::array<std::array<std::uint32_t, lanes>, 4>;

 private:
  alignas(64) State state_;
  alignas(64) std::array<float, buffer_size> buffer_;
  int used_ = buffer_size;
};

}  // namespace quenched
