// Bytes of tokens that one evaluation of the training objective with its gradient reads a second, against
// what the machine's memory gives in the same run; and the time of a normal number.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <quenched/normal_stream.hpp>
#include <quenched/objective.hpp>
#include <quenched/parallel.hpp>
#include <vector>

using namespace quenched;

namespace {

double seconds(const std::function<void()>& work, int repeats = 25) {
  double least = INFINITY;
  for (int i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return least;
}

/// Bytes read plus bytes written a second by memcpy, all threads at once.
double copy_bandwidth(int threads) {
  constexpr std::size_t bytes = std::size_t{128} << 20;
  std::vector<char> from(bytes, 1), to(bytes, 2);
  const std::size_t part = bytes / static_cast<std::size_t>(threads);
  return 2 * static_cast<double>(bytes) / seconds([&] {
           parallel_for(threads, threads, [&](int t) { std::memcpy(&to[t * part], &from[t * part], part); });
         });
}

/// Bytes read a second by a sum of eight accumulators a thread.
double read_bandwidth(int threads) {
  constexpr Eigen::Index numbers = Eigen::Index{32} << 20;
  const Eigen::ArrayXf x = Eigen::ArrayXf::Ones(numbers);
  std::vector<float> sums(threads);
  const double time = seconds([&] {
    parallel_for(threads, threads,
                 [&](int t) { sums[t] = x.segment(numbers / threads * t, numbers / threads).sum(); });
  });
  return sums[0] > 0 ? 4 * static_cast<double>(numbers) / time : 0;
}

}  // namespace

int main() {
  std::vector<float> normals(1 << 14);
  NormalStream stream(1);
  std::printf("normal numbers: %.2f ns each\n\n",
              1e9 / double(1 << 14) * seconds([&] { stream.fill(normals.data(), 1 << 14); }, 100));

  std::printf("%8s %6s %4s %8s %12s %12s %12s %8s %8s\n", "threads", "D", "L", "MiB", "ms", "tokens GB/s",
              "copy GB/s", "/copy", "/read");
  const auto softmax = make_activation("softmax");
  for (const int threads : {1, thread_count(0)}) {
    const double copy = copy_bandwidth(threads), read = read_bandwidth(threads);
    for (const auto& [D, L] : {std::pair{300, 2}, {1000, 3}, {4000, 3}, {1000, 100}}) {
      const Directions directions = draw_directions(D, 1);
      const Eigen::Index count = (Eigen::Index{32} << 20) / (D * L);
      const Samples samples = draw_samples({make_task("spiked", 2), {{L, 1.0}}, 0.1}, directions, count, 2);
      const Objective objective(samples, *softmax, 0.1, 0.1, threads);
      Eigen::VectorXd theta(2 * D), gradient;
      theta << directions.k_star.cast<double>(), directions.v_star.cast<double>();
      const double time = seconds([&] { objective(theta, gradient); });
      const double bytes = 4.0 * static_cast<double>(samples.tokens.size());
      std::printf("%8d %6d %4d %8.0f %12.2f %12.2f %12.2f %8.2f %8.2f\n", threads, D, L, bytes / (1 << 20),
                  time * 1e3, bytes / time * 1e-9, copy * 1e-9, bytes / time / copy, bytes / time / read);
    }
  }
}
