#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <quenched/normal_stream.hpp>

#include "clones.hpp"

namespace quenched {
namespace {

constexpr int lanes = NormalStream::lanes, pairs = NormalStream::buffer_size / 2;

std::uint64_t mix(std::uint64_t z) {  // splitmix64
  z += 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// xoshiro128++, every lane by itself.
QUENCHED_CLONES void uniform_bits(NormalStream::State& state, std::uint32_t* out, int count) {
  auto& [s0, s1, s2, s3] = state;
  for (int i = 0; i < count; i += lanes) {
    for (int j = 0; j < lanes; ++j) {
      const std::uint32_t sum = s0[j] + s3[j];
      out[i + j] = (sum << 7 | sum >> 25) + s0[j];
      const std::uint32_t t = s1[j] << 9;
      s2[j] ^= s0[j];
      s3[j] ^= s1[j];
      s1[j] ^= s2[j];
      s0[j] ^= s3[j];
      s2[j] ^= t;
      s3[j] = s3[j] << 11 | s3[j] >> 21;
    }
  }
}

/// sqrt(-2 log u) (cos, sin) of an angle: u has 31 bits, the angle 24 bits inside one octant, chosen by three
/// others. The polynomials are those of Cephes' logf, sinf and cosf (S. Moshier).
QUENCHED_CLONES void box_muller(const std::uint32_t* bits, float* out) {
  for (int i = 0; i < pairs; ++i) {
    const float u = static_cast<float>(static_cast<std::int32_t>(bits[i] >> 1 | 1U)) * 0x1p-31F;
    const auto raw = std::bit_cast<std::int32_t>(u);
    const std::int32_t exponent = (raw - 0x3f3504f3) >> 23;  // u = (1 + f) 2^exponent, 1 + f in [.707, 1.414)
    const float f = std::bit_cast<float>(raw - exponent * (1 << 23)) - 1;
    float p = 7.0376836292e-2F;
    p = p * f - 1.1514610310e-1F;
    p = p * f + 1.1676998740e-1F;
    p = p * f - 1.2420140846e-1F;
    p = p * f + 1.4249322787e-1F;
    p = p * f - 1.6668057665e-1F;
    p = p * f + 2.0000714765e-1F;
    p = p * f - 2.4999993993e-1F;
    p = p * f + 3.3333331174e-1F;
    const float log_u =
        static_cast<float>(exponent) * std::numbers::ln2_v<float> + (f - f * f * (0.5F - f * p));
    const float radius = std::sqrt(std::max(0.0F, -2 * log_u));

    const std::uint32_t b = bits[pairs + i];
    const float a =
        static_cast<float>(static_cast<std::int32_t>(b >> 8)) * (0x1p-26F * std::numbers::pi_v<float>);
    const float z = a * a;
    const float sin = a + a * z * ((-1.9515295891e-4F * z + 8.3321608736e-3F) * z - 1.6666654611e-1F);
    const float cos =
        1 - z / 2 + z * z * ((2.443315711809948e-5F * z - 1.388731625493765e-3F) * z + 4.166664568298827e-2F);
    const bool swap = b & 1U;
    const float first = radius * (swap ? sin : cos), second = radius * (swap ? cos : sin);
    out[i] = b & 2U ? -first : first;
    out[pairs + i] = b & 4U ? -second : second;
  }
}

}  // namespace

std::uint64_t stream_key(std::uint64_t seed, std::uint64_t stream) { return mix(seed ^ mix(stream)); }

NormalStream::NormalStream(std::uint64_t key) : state_{}, buffer_{} {
  for (auto& word : state_)
    for (std::uint32_t& lane : word) lane = static_cast<std::uint32_t>((key = mix(key)) >> 32);
}

void NormalStream::fill(float* out, std::int64_t count) {
  alignas(64) std::uint32_t bits[buffer_size];
  while (count > 0) {
    if (used_ == buffer_size) {
      uniform_bits(state_, bits, buffer_size);
      box_muller(bits, buffer_.data());
      used_ = 0;
    }
    const int taken = static_cast<int>(std::min<std::int64_t>(count, buffer_size - used_));
    out = std::copy_n(buffer_.data() + used_, taken, out);
    used_ += taken;
    count -= taken;
  }
}

}  // namespace quenched
