// CPU time of generalised linear models, every teacher with every loss: the dearest of six points asked to
// 1e-8 from a cold start, and a curve of 100 alphas at tuned ridge, each point from its neighbour. `glm_bench
// WORD` keeps the teachers that begin with WORD. Printed as a table of docs/performance.md.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <quenched/glm.hpp>

using namespace quenched;

namespace {

double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

/// Milliseconds of the dearest point, and whether all errors were met.
double dearest(const Teacher& teacher, const Loss& loss, bool& met) {
  double worst = 0;
  for (const double alpha : {0.7, 2.5, 8.0})
    for (const double ridge : {0.01, 0.3}) {
      constexpr int repeats = 3;
      const double began = cpu_seconds();
      for (int i = 0; i < repeats; ++i) {
        const GlmResult r = glm(teacher, loss, alpha, ridge, {.tolerance = 1e-8, .from = {}});
        met = met && r.certificate.verdict == Verdict::trusted;
      }
      worst = std::max(worst, (cpu_seconds() - began) / repeats);
    }
  return 1000 * worst;
}

double tuned_curve(const Teacher& teacher, const Loss& loss, bool& met) {
  const double began = cpu_seconds();
  GlmOptions options{.tolerance = 1e-8, .from = {}};
  std::optional<double> ridge;
  for (int i = 0; i < 100; ++i) {
    const GlmOptimalRidge tuned = glm_optimal_ridge(teacher, loss, 0.5 + 9.5 * i / 99, options, ridge);
    const GlmResult& r = tuned.result;
    met = met && r.certificate.verdict == Verdict::trusted;
    ridge = tuned.ridge, options.from = Eigen::Vector3d(r.m, r.q, r.V);
  }
  return cpu_seconds() - began;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string wanted = argc > 1 ? argv[1] : "";
  std::puts(
      "| teacher | loss | point to 1e-8, ms | tuned curve of 100, s | all trusted |\n|---|---|---|---|---|");
  for (const char* name :
       {"linear", "linear-laplace", "linear-student-t", "sign", "sign:0.1", "logistic", "probit"})
    for (const std::string& loss_name : loss_names()) {
      const std::string teacher_name = name;
      if (!teacher_name.starts_with(wanted)) continue;
      const auto teacher = make_teacher(name, 1.5, teacher_name.starts_with("linear") ? 0.3 : 0);
      const auto loss = make_loss(loss_name);
      if (!teacher->info().labels && !loss->info().residual) continue;
      bool met = true;
      const double point = dearest(*teacher, *loss, met), curve = tuned_curve(*teacher, *loss, met);
      std::printf("| %s | %s | %.1f | %.2f | %s |\n", name, loss_name.c_str(), point, curve,
                  met ? "yes" : "no");
      std::fflush(stdout);
    }
}
