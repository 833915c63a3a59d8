// One computation, timed: what it gives, in how many seconds, at what peak of memory, as a line of JSON.
// `performance_bench --list` names the cases; bench/performance.py runs them all beside the NumPy baseline.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <map>
#include <quenched/bayes.hpp>
#include <quenched/erm.hpp>
#include <quenched/population.hpp>
#include <quenched/rsb.hpp>
#include <string>

using namespace quenched;

namespace {

enum class Effort {
  target,
  reference
};  // reference: a much finer rule, with another seed where there is one

struct Outcome {
  std::vector<double> values;
  double stated = 0;   // the largest error that the result states of itself, on the scale max(1, |value|)
  double measure = 0;  // instead of seconds, where the target is a ratio
};

Problem slr(const char* task, double signal, int tokens, double noise) {
  return {make_task(task, signal), {{tokens, 1.0}}, noise};
}

Outcome outcome(const ErmResult& r) {
  const auto& [m_k, q_k, V_k, m_v, q_v, V_v] = r.overlaps;
  const auto& u = r.uncertainty;
  const auto& o = u.overlaps;
  Outcome out{{r.test_error, r.train_error, m_k, q_k, V_k, m_v, q_v, V_v}};
  const double errors[] = {u.test_error, u.train_error, o.m_k, o.q_k, o.V_k, o.m_v, o.q_v, o.V_v};
  for (std::size_t i = 0; i < out.values.size(); ++i)
    out.stated = std::max(out.stated, errors[i] / std::max(1.0, std::abs(out.values[i])));
  return out;
}

struct ErmCase {
  Problem problem;
  const char* activation;
  double alpha, ridge;
  int reference_points;  // 0: the finest that the rule has

  Outcome operator()(double tolerance, Effort effort) const {
    ErmOptions options{.tolerance = tolerance};
    if (effort == Effort::reference)
      options = {.tolerance = 1e-11, .points = reference_points, .seed = 77, .work = 10 * default_work};
    return outcome(erm(problem, *make_activation(activation), alpha, ridge, ridge, options));
  }
};

struct BayesCase {
  Problem problem;
  double alpha;

  Outcome operator()(double tolerance, Effort effort) const {
    BayesOptions options{.tolerance = tolerance};
    if (effort == Effort::reference) options = {.tolerance = 1e-11, .seed = 77, .work = 10 * default_work};
    const BayesResult r = bayes(problem, alpha, Start::informed, options);
    return {{r.q_k, r.q_v, r.test_error},
            std::max({r.uncertainty.q_k, r.uncertainty.q_v, r.uncertainty.test_error})};
  }
};

/// The excess risk alone, whose relative error is asked for: as its logarithm.
struct PopulationCase {
  Problem problem;

  Outcome operator()(double, Effort) const {
    const PopulationResult r = population(problem, *make_activation("softmax"));
    const double excess = r.bayes_risk - problem.noise;
    return {{std::log(excess)}, r.uncertainty.bayes_risk / excess};
  }
};

/// Test error, training error and phi(Y), at Y or the best one.
struct RsbCase {
  Problem problem;
  const char* activation;
  double alpha, ridge;
  std::optional<double> parisi;

  Outcome operator()(double tolerance, Effort effort) const {
    RsbOptions options{.tolerance = tolerance};
    if (effort == Effort::reference)
      options = {.tolerance = tolerance / 10, .seed = 77, .work = 10 * default_work};
    const RsbResult r = rsb(problem, *make_activation(activation), alpha, ridge, ridge, parisi, options);
    const auto& u = r.uncertainty;
    const auto relative = [](double error, double value) { return error / std::max(1.0, std::abs(value)); };
    return {{r.test_error, r.train_error, r.potential},
            std::max({relative(u.test_error, r.test_error), relative(u.train_error, r.train_error),
                      relative(u.potential, r.potential)})};
  }
};

/// Forty points of a curve, each from its neighbour; `measure` is the time over that of the first point.
struct CurveCase {
  Outcome operator()(double tolerance, Effort) const {
    const Problem problem = slr("spiked", 2, 3, 0.1);
    const auto softmax = make_activation("softmax");
    const auto seconds = [start = std::chrono::steady_clock::now()] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    ErmResult last = erm(problem, *softmax, 2, 0.5, 0.5, {.tolerance = tolerance});
    const double first = seconds();
    double stated = outcome(last).stated;
    for (int i = 1; i < 40; ++i) {
      last = erm(problem, *softmax, 2 + 0.1 * i, 0.5, 0.5, {.tolerance = tolerance, .from = last.overlaps});
      stated = std::max(stated, outcome(last).stated);
    }
    return {{}, stated, seconds() / first};
  }
};

struct Case {
  const char* name;
  double tolerance, target;  // error, and seconds on two cores (or `measure`)
  std::function<Outcome(double, Effort)> run;
};

std::vector<Case> cases() {
  const ErmCase pair{slr("spiked", 2, 2, 0.1), "softmax", 4, 0.5, 0};
  return {
      {"erm softmax spiked L=2, 1e-6", 1e-6, 0.5, pair},
      {"erm softmax spiked L=2, 1e-4", 1e-4, 0.05, pair},
      {"erm softmax spiked L=3", 1e-4, 1, ErmCase{slr("spiked", 2, 3, 0.1), "softmax", 4, 0.5, 1 << 20}},
      {"erm softmax max L=3", 1e-4, 1, ErmCase{slr("max", INFINITY, 3, 0), "softmax", 6, 0.3, 1 << 20}},
      {"erm softmax spiked L=8", 3e-4, 5, ErmCase{slr("spiked", 5, 8, 0.1), "softmax", 4, 1, 1 << 22}},
      {"erm softmax spiked L=64", 1e-3, 20, ErmCase{slr("spiked", 12, 64, 0.1), "softmax", 4, 1, 1 << 20}},
      {"erm linear spiked L=3", 1e-6, 0.2, ErmCase{slr("spiked", 2, 3, 0.1), "linear", 4, 0.5, 0}},
      {"erm linear spiked L=1000", 1e-6, 0.2, ErmCase{slr("spiked", 50, 1000, 0.1), "linear", 4, 5, 0}},
      {"bayes spiked L=3", 1e-8, 0.3, BayesCase{slr("spiked", 2, 3, 0.25), 5}},
      {"bayes spiked L=10000", 1e-8, 0.3, BayesCase{slr("spiked", 20, 10000, 0.1), 3}},
      {"bayes max L=3", 1e-5, 2, BayesCase{slr("max", INFINITY, 3, 0.01), 4}},
      {"bayes max L=16", 2e-4, 5, BayesCase{slr("max", 3, 16, 0.1), 3}},
      {"population softmax spiked L=3", 1e-9, 0.02, PopulationCase{slr("spiked", 20, 3, 0)}},
      {"population softmax spiked L=10000", 1e-9, 0.02, PopulationCase{slr("spiked", 20, 10000, 0)}},
      {"population softmax max L=10000", 1e-9, 0.02, PopulationCase{slr("max", 5, 10000, 0)}},
      {"rsb softmax spiked L=2, Y=16", 1e-3, 1, RsbCase{slr("spiked", 1, 2, 0), "softmax", 2, 0.03, 16}},
      {"rsb softmax spiked L=2, best Y", 1e-3, 10, RsbCase{slr("spiked", 1, 2, 0), "softmax", 2, 0.03, {}}},
      {"rsb linear spiked L=3", 1e-2, 10, RsbCase{slr("spiked", 1, 3, 0.25), "linear", 5, 0.3, {}}},
      {"rsb linear spiked L=50", 1e-2, 10, RsbCase{slr("spiked", 2, 50, 0.1), "linear", 5, 1, {}}},
      {"rsb softmax spiked L=3, Y=2", 3e-3, 60, RsbCase{slr("spiked", 1, 3, 0.25), "softmax", 5, 0.1, 2}},
      {"rsb softmax spiked L=3, best Y", 3e-3, 60, RsbCase{slr("spiked", 1, 3, 0.25), "softmax", 5, 0.1, {}}},
      {"curve of 40 alphas, softmax spiked L=3", 1e-3, 15, CurveCase{}},
  };
}

/// VmHWM: the resident memory at its highest, of this process alone.
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:") {
      double kilobytes = 0;
      status >> kilobytes;
      return kilobytes / 1024;
    }
  return 0;
}

int run(const Case& c, Effort effort) {
  // The least of several runs: other work on the machine only adds to it.
  double least = INFINITY, least_cpu = INFINITY;  // cpu: of all threads, what a loaded machine hardly changes
  Outcome result;
  const int repeats = effort == Effort::reference || c.target >= 2 ? 1 : 5;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    result = c.run(c.tolerance, effort);
    least_cpu = std::min(least_cpu, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    least = std::min(least, result.measure > 0 ? result.measure : seconds);
  }
  std::printf(
      "{\"name\": \"%s\", \"seconds\": %.6g, \"cpu\": %.6g, \"stated\": %.3g, \"megabytes\": %.1f, "
      "\"values\": [",
      c.name, least, least_cpu, result.stated, peak_megabytes());
  for (std::size_t i = 0; i < result.values.size(); ++i)
    std::printf("%s%.15g", i ? ", " : "", result.values[i]);
  std::printf("]}\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
#ifdef __GLIBC__  // as `quenched` does
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  mallopt(M_MMAP_MAX, 0);
#endif
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const Case& c : cases()) {
    if (arguments == std::vector<std::string>{"--list"})
      std::printf("{\"name\": \"%s\", \"tolerance\": %g, \"target\": %g}\n", c.name, c.tolerance, c.target);
    else if (!arguments.empty() && arguments[0] == c.name)
      return run(c, arguments.back() == "--reference" ? Effort::reference : Effort::target);
  }
  if (arguments.size() == 1 && arguments[0] == "--list") return 0;
  std::fprintf(stderr, "performance_bench --list | CASE [--reference]\n");
  return 2;
}
