// A formula of the user: read, evaluated with its derivatives near and far, and made an activation of each
// shape.
#include <cstdint>
#include <cstdlib>
#include <quenched/activation.hpp>
#include <quenched/invalid_input.hpp>

#include "formula.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quenched;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const Formula formula(text);
    Batch x(9, 1);
    x << -1e300, -1000, -1, -1e-300, 0, 0.5, 20, 1e10, INFINITY;
    const Curve phi = formula(x);
    if (phi.value.rows() != x.rows() || phi.second.rows() != x.rows()) std::abort();
  } catch (const FormulaError&) {
  }
  for (const char* shape : {"kernel:", "elementwise:"}) try {
      const auto activation = make_activation(shape + text);
      Batch chi(2, 3), sigma;
      chi << 0, 1, -2, 1000, 0.5, -1000;
      activation->value(chi, sigma);
      if (sigma.rows() != 2 || sigma.cols() != 3) std::abort();
      ActivationJet jet;
      activation->jet(chi, jet);
    } catch (const InvalidInput&) {
    }
  return 0;
}
