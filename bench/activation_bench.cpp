// Formulas beside the named activations: ns per field for sigma and its derivatives, best of 20.
//     activation_bench
#include <chrono>
#include <cstdio>
#include <quenched/activation.hpp>

using namespace quenched;

namespace {

double nanoseconds(const std::string& name) {
  const auto activation = make_activation(name);
  const Batch chi = 3 * Batch::Random(256, 3);
  ActivationJet jet;
  double best = INFINITY;
  for (int trial = 0; trial < 20; ++trial) {
    const auto began = std::chrono::steady_clock::now();
    constexpr int repeats = 200;
    for (int i = 0; i < repeats; ++i) activation->jet(chi, jet);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    best = std::min(best, took.count() / repeats / static_cast<double>(chi.size()));
  }
  return best;
}

}  // namespace

int main() {
  for (const auto& [formula, name] : {std::pair{"kernel:exp(x)", "softmax"},
                                      {"kernel:exp(x)+1e-9", "softmax-1"},
                                      {"kernel:log(1+exp(x))", "softplus"},
                                      {"kernel:1/(1+exp(-x))", "logistic-softmax"},
                                      {"elementwise:1+tanh(x)", "sigmoid"},
                                      {"elementwise:tanh(x)", "sigmoid"},
                                      {"elementwise:1+erf(x)", "erf:0"},
                                      {"elementwise:exp(x)", "sigmoid"}})
    std::printf("%-24s %5.1f ns   %-16s %5.1f ns\n", formula, nanoseconds(formula), name, nanoseconds(name));
}
