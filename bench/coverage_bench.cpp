// How often reported numbers lie within their stated uncertainties, over points drawn at random: a markdown
// table.
//     coverage_bench [points [seed]] [--misses]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

#include "random_points.hpp"

namespace {

struct Tally {
  int points = 0, unreached = 0, numbers = 0, held = 0, sharp = 0, sharp_held = 0;
  std::vector<double> overestimate;  // stated error / difference from the high-accuracy value

  void add(const std::vector<ReportedNumber>& reported) {
    ++points;
    unreached += reported.empty();
    for (const ReportedNumber& n : reported) {
      ++numbers, held += n.held();
      // Where the high-accuracy value is at least three times as sharp, without the benefit of its own error.
      const double difference = std::abs(n.value - n.exact), rounding = 1e-9 * (1 + std::abs(n.exact));
      if (3 * n.exact_stated <= n.stated + rounding) ++sharp, sharp_held += difference <= n.stated + rounding;
      if (difference > rounding) overestimate.push_back(n.stated / difference);
    }
  }
  void print(const std::string& name) {
    std::ranges::sort(overestimate);
    std::printf("| %s | %d | %d | %d of %d | %.1f %% | %d of %d | %.1f %% | %.2g |\n", name.c_str(), points,
                unreached, held, numbers, 100.0 * held / std::max(1, numbers), sharp_held, sharp,
                100.0 * sharp_held / std::max(1, sharp),
                overestimate.empty() ? 0.0 : overestimate[overestimate.size() / 2]);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bool misses = argc > 1 && std::strcmp(argv[argc - 1], "--misses") == 0;
  if (misses) --argc;
  const int count = argc > 1 ? std::atoi(argv[1]) : 100;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::map<std::string, Tally> kinds;
  Tally all;
  for (const RandomPoint& point : random_points(count, seed)) {
    const std::vector<ReportedNumber> reported = reported_numbers(point, 1 << 18);
    std::fprintf(stderr, "\r%d of %d", all.points + 1, count);
    kinds[point.kind()].add(reported);
    all.add(reported);
    if (!misses) continue;
    if (reported.empty()) std::fprintf(stderr, "\nnot reached: %s\n", point.text().c_str());
    for (const ReportedNumber& n : reported)
      if (!n.held())
        std::fprintf(stderr, "\n%s: %s %.8g(%.1e), finer %.8g(%.1e)\n", point.text().c_str(), n.name.c_str(),
                     n.value, n.stated, n.exact, n.exact_stated);
  }
  std::fprintf(stderr, "\n");
  std::printf(
      "| kind | points | not reached | held | | where the reference is sharp | | stated / true (median) "
      "|\n|---|---|---|---|---|---|---|---|\n");
  for (auto& [kind, tally] : kinds) tally.print(kind);
  all.print("**all**");
}
