#include <quenched/user_activation.hpp>

#include "activation_shapes.hpp"
#include "formula.hpp"

namespace quenched {
namespace {

UserFunction formula_function(const std::string& shape, const std::string& text) {
  const std::string given = shape + ":" + text;
  if (text.empty())
    throw activation_refusal(given, "needs a formula in x after the colon, as in kernel:log(1+exp(x))");
  const auto formula = [&] {
    try {
      return std::make_shared<const Formula>(text);
    } catch (const FormulaError& e) {
      throw activation_refusal(given, e.what());
    }
  }();
  if (!formula->depends_on_x()) throw activation_refusal(given, "needs an x in its formula");
  return {given, text, [formula](const Batch& x) { return (*formula)(x); }, formula->smooth()};
}

}  // namespace

std::shared_ptr<const Activation> make_elementwise(const std::string& parameter) {
  return user_elementwise(formula_function("elementwise", parameter));
}

std::shared_ptr<const Activation> make_kernel(const std::string& parameter) {
  return user_kernel(formula_function("kernel", parameter));
}

}  // namespace quenched
