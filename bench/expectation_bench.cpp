// How often the error estimates of expectation() hold, over averages with closed forms: a markdown table.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <quenched/expectation.hpp>

#include "known_averages.hpp"

namespace {

using quenched::Estimate;
using quenched::EstimateStatus;
using quenched::Rule;

struct Tally {
  int cases = 0, met = 0, met_covered = 0, reports = 0,
      covered = 0;                   // reports: finite values with finite errors
  std::vector<double> overestimate;  // reported / true error, where that is > rounding
  double seconds = 0;
  long points = 0;

  void add(const Tally& t) {
    cases += t.cases, met += t.met, met_covered += t.met_covered, reports += t.reports, covered += t.covered;
    overestimate.insert(overestimate.end(), t.overestimate.begin(), t.overestimate.end());
    seconds += t.seconds, points += t.points;
  }
  void print(const char* rule, const std::string& d) {
    std::sort(overestimate.begin(), overestimate.end());
    std::printf("| %s | %s | %d | %d | %.1f %% | %.1f %% | %.3g | %.3g | %.2f |\n", rule, d.c_str(), cases,
                met, 100.0 * met_covered / std::max(met, 1), 100.0 * covered / std::max(reports, 1),
                overestimate.empty() ? 0.0 : overestimate[overestimate.size() / 2],
                static_cast<double>(points) / std::max(cases, 1), 1e3 * seconds / std::max(cases, 1));
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bool list_misses = argc > 1 && std::strcmp(argv[1], "--misses") == 0;
  const std::pair<Rule, std::vector<int>> plan[] = {
      {Rule::automatic, {1, 2, 3, 4, 6, 8, 12}}, {Rule::adaptive, {1, 2, 3}},
      {Rule::gauss_hermite, {1, 2, 3, 4}},       {Rule::trapezoid, {1, 2, 3}},
      {Rule::sparse_grid, {2, 4, 6, 8, 12}},     {Rule::sobol, {1, 2, 4, 8, 12}},
      {Rule::lattice, {1, 2, 4, 8, 12}}};
  std::printf(
      "| rule | d | outputs tried | met | held when met | held when reported | reported / true (median) | "
      "points | ms |\n");
  std::printf("|---|---|---|---|---|---|---|---|---|\n");
  for (const auto& [rule, dimensions] : plan) {
    Tally whole;
    for (const int d : dimensions) {
      Tally tally;
      for (const KnownAverage& known : known_averages(d, 2)) {
        for (const double tolerance : {1e-2, 1e-4, 1e-7}) {
          const auto start = std::chrono::steady_clock::now();
          const Estimate e = quenched::expectation(
              d, known.outputs, known.f,
              {.rule = rule, .absolute = tolerance, .relative = tolerance, .max_points = 1 << 20});
          tally.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          tally.points += e.points;
          for (int j = 0; j < known.outputs; ++j) {
            const double error = std::abs(e.value[j] - known.exact[j]), exact = std::abs(known.exact[j]);
            const bool holds = error <= e.error[j] + 1e-13 * exact, met = e.status == EstimateStatus::met;
            const bool reported = std::isfinite(e.value[j]) && std::isfinite(e.error[j]);
            ++tally.cases;
            tally.met += met;
            tally.met_covered += met && holds;
            tally.reports += reported;
            tally.covered += reported && holds;
            if (reported && error > 1e-12 * (1 + exact)) tally.overestimate.push_back(e.error[j] / error);
            if (list_misses && reported && !holds)
              std::printf(
                  "    d %d, %s %s, tolerance %.0e: %.9g, exact %.9g, error %.2e, reported %.2e, %s %ld: "
                  "%s\n",
                  d, known.family.c_str(), known.name.c_str(), tolerance, e.value[j], known.exact[j], error,
                  e.error[j], name_of(e.status).data(), e.points, e.why.c_str());
          }
        }
      }
      tally.print(name_of(rule).data(), std::to_string(d));
      std::fflush(stdout);
      whole.add(tally);
    }
    whole.print((std::string("**") + name_of(rule).data() + "**").c_str(), "all");
  }
}
