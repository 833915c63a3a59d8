// What one evaluation of a rule's averages costs on one thread, beside what the core's exp and log give:
// where a fixed point's time goes. Rows: rule, milliseconds without and with the diagnostics (stability,
// error), points, nanoseconds a point, and the same in units of one vectorised exp.
#include <cstdio>
#include <ctime>
#include <functional>
#include <quenched/fixed_point.hpp>
#include <quenched/vector_math.hpp>

#include "channel.hpp"

using namespace quenched;

namespace {

double seconds(const std::function<void()>& work, double least_total = 0.3) {
  double least = INFINITY, total = 0;
  while (total < least_total) {
    const std::clock_t begin = std::clock();  // of the CPU: one thread works
    work();
    const double time = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    least = std::min(least, time), total += time;
  }
  return least;
}

}  // namespace

int main() {
  constexpr Eigen::Index n = 4096;
  const Eigen::ArrayXd x = Eigen::ArrayXd::LinSpaced(n, -20, 1);
  Eigen::ArrayXd y(n);
  const double exp_ns = 1e9 / n * seconds([&] { vector_math::exp(x, y); });
  std::printf("exp %.2f ns, libm's one by one %.2f ns\n\n", exp_ns, 1e9 / n * seconds([&] {
                                                                      for (Eigen::Index i = 0; i < n; ++i)
                                                                        y[i] = std::exp(x[i]);
                                                                    }));

  std::printf(
      "| rule | ms | with diagnostics | points | ns a point | exps a point |\n|---|---|---|---|---|---|\n");
  const OrderParameters two{0.488, 0.467, 1.121, 0.913, 0.940, 0.459},
      three{0.567, 0.637, 1.079, 0.916, 1.026, 0.598};
  const auto softmax = make_activation("softmax"), linear = make_activation("linear"),
             softplus = make_activation("softplus");
  const auto row = [&](const char* name, const std::unique_ptr<Channel>& channel, const OrderParameters& o,
                       double points) {
    (void)channel->means(o, Detail::means);  // the second call starts from the first's minima
    const double plain = seconds([&] { (void)channel->means(o, Detail::means); }),
                 full = seconds([&] { (void)channel->means(o, Detail::responses); });
    std::printf("| %s | %.2f | %.2f |", name, 1e3 * plain, 1e3 * full);
    if (points > 0)
      std::printf(" %.0f | %.1f | %.0f |\n", points, 1e9 * plain / points, 1e9 * plain / points / exp_ns);
    else
      std::printf(" | | |\n");
  };
  const auto problem = [](const char* task, double nu, int L) {
    return Problem{make_task(task, nu), {{L, 1.0}}, 0.1};
  };
  row("pair, softmax L = 2 spiked", pair_channel(problem("spiked", 2, 2), *softmax, {.threads = 1}), two, 0);
  row("pair, softmax L = 2 max", pair_channel(problem("max", INFINITY, 2), *softmax, {.threads = 1}), two, 0);
  row("grid, softmax L = 3 spiked", grid_channel(problem("spiked", 2, 3), *softmax, 3, {.threads = 1}), three,
      0);
  row("grid, softmax L = 3 max", grid_channel(problem("max", INFINITY, 3), *softmax, 3, {.threads = 1}),
      three, 0);
  row("grid, softplus L = 2", grid_channel(problem("spiked", 2, 2), *softplus, 2, {.threads = 1}), two, 0);
  row("linear, L = 3", linear_channel(problem("spiked", 2, 3), *linear, 3, {.threads = 1}), two, 0);
  for (const int L : {2, 4, 8, 16, 64}) {
    const std::string name = "Sobol, softmax L = " + std::to_string(L);
    row(name.c_str(), sampled_channel(problem("spiked", 2, L), *softmax, L, {.level = 0, .threads = 1}),
        three, 4096);
  }
  row("Sobol, softplus L = 4",
      sampled_channel(problem("spiked", 2, 4), *softplus, 4, {.level = 0, .threads = 1}), three, 4096);
  row("Sobol, linear L = 4", sampled_channel(problem("spiked", 2, 4), *linear, 4, {.level = 0, .threads = 1}),
      three, 4096);
  row("Sobol, softmax L = 4 max",
      sampled_channel(problem("max", INFINITY, 4), *softmax, 4, {.level = 0, .threads = 1}), three, 4096);
}
