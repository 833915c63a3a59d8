#include <doctest/doctest.h>

#include <cmath>

#include "json.hpp"
#include "program.hpp"

using namespace quenched::apps;

namespace {

/// The numbers of a record that are results: neither counts of iterations nor figures that are themselves
/// roundings.
bool comparable(const std::string& pointer) {
  for (const char* figure : {"iterations", "residual", "uncertainty", "integration_error", "stability_error",
                             "jump_weight", "seconds"})
    if (pointer.find(figure) != std::string::npos) return false;
  return true;
}

}  // namespace

TEST_CASE("every instruction set gives the same results, up to rounding") {
  // Copies of the program that are told that the processor has no more than SSE2, AVX2 and AVX-512
  // (cpu_model.cpp).
  std::vector<std::string> programs = {QUENCHED_PROGRAM_SSE2};
  if (__builtin_cpu_supports("avx2")) programs.push_back(QUENCHED_PROGRAM_AVX2);
  if (__builtin_cpu_supports("avx512f")) programs.push_back(QUENCHED_PROGRAM_AVX512F);
  struct Computation {
    const char* command;
    double rounding;
  };
  for (const auto& [command, rounding] :
       {Computation{"population --task max --signal 3 --length 4 --activation softmax,sigmoid", 1e-10},
        Computation{"bayes --alpha 2 --noise 0.1 --length 1,3", 1e-9},
        Computation{"bayes --task max --alpha 2 --noise 0.1 --tolerance 1e-2", 1e-8},
        Computation{"erm --ridge 0.5 --noise 0.1 --length 2 --activation softmax,linear", 1e-8},
        Computation{"erm --ridge 0.5 --noise 0.1 --length 3 --tolerance 1e-2", 1e-7},
        Computation{
            "erm --ridge 0.5 --noise 0.1 --length 2 --activation erf:0 --tolerance 3e-2 --points 4096", 1e-7},
        Computation{
            "population --activation 'kernel:log(1+exp(x))+erf(x)^2,elementwise:1+tanh(x)' --tolerance 1e-2",
            1e-9},
        Computation{"simulate --dimension 60 --seeds 2 --ridge 0.5", 1e-4}}) {
    CAPTURE(command);
    Json expected;
    for (const std::string& program : programs) {
      CAPTURE(program);
      const Ran ran = run_program(program + " " + command + " --format json");
      REQUIRE(ran.status == 0);
      const Json found = Json::parse(ran.out).flatten();
      if (expected.empty()) {
        expected = found;
        continue;
      }
      REQUIRE(found.size() == expected.size());
      for (const auto& [pointer, value] : expected.items()) {
        if (!value.is_number() || !comparable(pointer)) continue;
        CAPTURE(pointer);
        const double a = value, b = found.at(pointer);
        CHECK(std::abs(a - b) <= rounding * (1 + std::abs(a)));
      }
    }
  }
}
