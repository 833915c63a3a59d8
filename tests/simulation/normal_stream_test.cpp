#include <doctest/doctest.h>

#include <Eigen/Core>
#include <cmath>
#include <numbers>
#include <quenched/normal_stream.hpp>

using quenched::NormalStream;

namespace {

Eigen::ArrayXf drawn(std::uint64_t key, Eigen::Index count) {
  Eigen::ArrayXf x(count);
  NormalStream(key).fill(x.data(), count);
  return x;
}

}  // namespace

TEST_CASE("moments, and the distribution function at several points") {
  const double n = 1 << 24;
  const Eigen::ArrayXd x = drawn(quenched::stream_key(5, 0), 1 << 24).cast<double>();
  CHECK(std::abs(x.mean()) < 4 / std::sqrt(n));
  CHECK(std::abs(x.square().mean() - 1) < 4 * std::sqrt(2 / n));
  CHECK(std::abs(x.cube().mean()) < 4 * std::sqrt(15 / n));
  CHECK(std::abs(x.square().square().mean() - 3) < 4 * std::sqrt(96 / n));
  for (const double t : {-4.0, -3.0, -2.0, -1.0, -0.5, -0.1, 0.0, 0.3, 0.7, 1.5, 2.5, 3.5, 4.5}) {
    const double p = std::erfc(-t / std::numbers::sqrt2) / 2;
    CHECK(std::abs((x < t).cast<double>().mean() - p) < 4.5 * std::sqrt(p * (1 - p) / n));
  }
  CHECK(x.abs().maxCoeff() > 4.5);  // expected above 5 in 16 million
  CHECK(x.abs().maxCoeff() <= 6.56);
}

TEST_CASE("neighbours, lanes and pairs are not correlated, nor their squares") {
  const Eigen::Index n = 1 << 22;
  const Eigen::ArrayXd x = drawn(quenched::stream_key(6, 0), n).cast<double>();
  for (const Eigen::Index lag : {1, 2, 15, 16, 17, 255, 256, 257, 512, 1000}) {
    const Eigen::ArrayXd a = x.head(n - lag), b = x.tail(n - lag);
    const double root_n = std::sqrt(static_cast<double>(n - lag));
    CHECK(std::abs((a * b).mean()) * root_n < 4.5);
    CHECK(std::abs(((a.square() - 1) * (b.square() - 1)).mean()) * root_n / 2 < 4.5);
  }
}

TEST_CASE("streams: the key decides, not how the numbers are asked for") {
  const Eigen::ArrayXf whole = drawn(7, 1500);
  Eigen::ArrayXf parts(1500);
  NormalStream stream(7);
  for (Eigen::Index i = 0, size = 1; i < 1500; i += size, size = 2 * size + 1)
    stream.fill(&parts[i], std::min<Eigen::Index>(size, 1500 - i));
  CHECK((whole == parts).all());
  CHECK((whole != drawn(8, 1500)).count() > 1490);
  CHECK(quenched::stream_key(1, 2) != quenched::stream_key(2, 1));
}
