// The lowest of many trainings, seed by seed: the same data from several starts. What docs/beyond-rs.md holds
// against the ground state.
//     lowest_bench TASK L SIGNAL NOISE ALPHA RIDGE ACTIVATION D SEEDS
#include <cstdio>
#include <cstdlib>
#include <quenched/simulate.hpp>

#include "seed_statistics.hpp"

using namespace quenched;

int main(int argc, char** argv) {
  if (argc != 10) return std::puts("lowest_bench TASK L SIGNAL NOISE ALPHA RIDGE ACTIVATION D SEEDS"), 2;
  const auto number = [&](int i) { return std::atof(argv[i]); };
  SimulateSpecification s;
  s.problem = {make_task(argv[1], number(3)), {{std::atoi(argv[2]), 1.0}}, number(4)};
  s.alpha = number(5), s.ridge_k = s.ridge_v = number(6), s.activation = make_activation(argv[7]);
  s.dimension = std::atoi(argv[8]), s.seeds = 1, s.threads = 1;
  s.test_samples = 1 << 16, s.fresh_samples = 0;
  struct Begin {
    TrainingStart start;
    double scale;
  };
  const Begin starts[] = {{TrainingStart::informed, 1}, {TrainingStart::informed, 0.4},
                          {TrainingStart::random, 1},   {TrainingStart::random, 0.5},
                          {TrainingStart::random, 1.5}, {TrainingStart::small, 0.01}};
  constexpr double Measurements::*figures[] = {&Measurements::energy, &Measurements::test_error};
  std::vector<Measurements> all_lowest, all_informed;
  for (int seed = 1; seed <= std::atoi(argv[9]); ++seed) {
    s.first_seed = static_cast<std::uint64_t>(seed);
    Measurements lowest;
    std::size_t best = 0;
    for (std::size_t i = 0; i < std::size(starts); ++i) {
      s.training.start = starts[i].start, s.training.start_scale = starts[i].scale;
      const Measurements m = simulate(s).seeds.front().measured;
      if (i == 0) all_informed.push_back(m);
      if (i == 0 || m.energy < lowest.energy) lowest = m, best = i;
    }
    all_lowest.push_back(lowest);
    Measurements mean, error, informed, informed_error;
    mean_and_standard_error(all_lowest, figures, mean, error);
    mean_and_standard_error(all_informed, figures, informed, informed_error);
    std::printf(
        "seed %d: start %zu energy %.6f test %.4f; mean %.5f(%.5f) %.4f(%.4f), informed %.5f(%.5f) "
        "%.4f(%.4f)\n",
        seed, best, lowest.energy, lowest.test_error, mean.energy, error.energy, mean.test_error,
        error.test_error, informed.energy, informed_error.energy, informed.test_error,
        informed_error.test_error);
    std::fflush(stdout);
  }
}
