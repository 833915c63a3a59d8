#include "formula/formula.hpp"

#include <doctest/doctest.h>

#include <boost/math/differentiation/autodiff.hpp>
#include <cmath>
#include <map>
#include <quenched/activation.hpp>
#include <quenched/invalid_input.hpp>
#include <random>

using namespace quenched;

namespace {

using Jet = boost::math::differentiation::autodiff_fvar<double, 2>;

/// Value and two derivatives at x, as plain numbers.
std::array<double, 3> jet_of(const Formula& f, double x) {
  const Curve at = f(Batch::Constant(1, 1, x));
  const double scale = at.scale.size() ? std::exp(at.scale(0, 0)) : 1;
  return {at.value(0, 0) * scale, at.first(0, 0) * scale, at.second(0, 0) * scale};
}

/// A random expression: its text, with the parentheses that precedence asks for and some more, and its direct
/// evaluation.
class RandomExpression {
 public:
  explicit RandomExpression(unsigned seed) : rng_(seed) {}

  struct Value {
    std::string text;
    int precedence;  // 0 sum, 1 product, 2 sign, 3 power, 4 atom
    std::function<Jet(const Jet&)> at;
    bool smooth = true;
  };

  Value any(int depth) {
    switch (depth == 0 ? below(2) : below(9)) {
      case 0:
        return {"x", 4, [](const Jet& x) { return x; }};
      case 1: {
        const double c = static_cast<double>(1 + below(30)) / 8;
        return {std::to_string(c), 4, [c](const Jet&) { return Jet(c); }};
      }
      case 2:
        return binary(depth, "+", 0, 0, 0, [](const Jet& a, const Jet& b) { return Jet(a + b); });
      case 3:
        return binary(depth, "-", 0, 0, 1, [](const Jet& a, const Jet& b) { return Jet(a - b); });
      case 4:
        return binary(depth, "*", 1, 1, 1, [](const Jet& a, const Jet& b) { return Jet(a * b); });
      case 5:
        return binary(depth, "/", 1, 1, 2, [](const Jet& a, const Jet& b) { return Jet(a / b); });
      case 6: {
        const Value a = any(depth - 1);
        return {std::string("-").append(within(a, 2)), 2, [f = a.at](const Jet& x) { return Jet(-f(x)); }};
      }
      case 7: {
        const Value a = any(depth - 1);
        const int n = 2 + below(3);
        return {within(a, 4) + "^" + std::to_string(n), 3, [f = a.at, n](const Jet& x) {
                  const Jet u = f(x);
                  Jet power = u;
                  for (int i = 1; i < n; ++i) power *= u;
                  return power;
                }};
      }
      default:
        return function(depth);
    }
  }

 private:
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(rng_); }

  std::string within(const Value& v, int needed) {
    return v.precedence < needed || below(4) == 0 ? std::string("( ").append(v.text) + ")" : v.text;
  }

  template <class Combine>
  Value binary(int depth, const char* sign, int precedence, int left, int right, Combine combine) {
    const Value a = any(depth - 1), b = any(depth - 1);
    return {within(a, left) + (below(2) ? " " : "") + sign + within(b, right), precedence,
            [f = a.at, g = b.at, combine](const Jet& x) { return combine(f(x), g(x)); }};
  }

  Value function(int depth) {
    using F = Jet (*)(const Jet&);
    static const std::pair<const char*, F> functions[] = {
        {"exp", [](const Jet& u) { return Jet(exp(u)); }},
        {"log", [](const Jet& u) { return Jet(log(u)); }},
        {"sqrt", [](const Jet& u) { return Jet(sqrt(u)); }},
        {"tanh", [](const Jet& u) { return Jet(1 - 2 / (exp(2 * u) + 1)); }},
        {"sinh", [](const Jet& u) { return Jet((exp(u) - exp(-u)) / 2); }},
        {"cosh", [](const Jet& u) { return Jet((exp(u) + exp(-u)) / 2); }},
        {"sin", [](const Jet& u) { return Jet(sin(u)); }},
        {"cos", [](const Jet& u) { return Jet(cos(u)); }},
        {"atan", [](const Jet& u) { return Jet(atan(u)); }},
        {"erf", [](const Jet& u) { return Jet(erf(u)); }},
        {"erfc", [](const Jet& u) { return Jet(1 - erf(u)); }},
        {"sigmoid", [](const Jet& u) { return Jet(1 / (1 + exp(-u))); }},
        {"softplus", [](const Jet& u) { return Jet(log(1 + exp(u))); }},
        {"expm1", [](const Jet& u) { return Jet(exp(u) - 1); }},
        {"log1p", [](const Jet& u) { return Jet(log(1 + u)); }},
    };
    const auto& [name, f] = functions[below(std::size(functions))];
    const Value a = any(depth - 1);
    return {std::string(name) + "(" + a.text + ")", 4, [g = a.at, f = f](const Jet& x) { return f(g(x)); }};
  }

  std::mt19937 rng_;
};

std::string why_not(const std::string& text) {
  try {
    (void)Formula(text);
  } catch (const FormulaError& e) {
    return e.what();
  }
  return "accepted";
}

Batch value(const std::string& activation, const Batch& chi) {
  Batch s;
  make_activation(activation)->value(chi, s);
  return s;
}

}  // namespace

TEST_CASE("random formulas: value and two derivatives are those of a direct evaluation by Boost's autodiff") {
  RandomExpression random(5);
  int compared = 0;
  for (int n = 0; n < 3000; ++n) {
    const auto expression = random.any(4);
    CAPTURE(expression.text);
    for (const double x : {-1.3, 0.4, 2.2}) {
      const Jet expected = expression.at(boost::math::differentiation::make_fvar<double, 2>(x));
      const auto finite = [&](int i) {
        return std::isfinite(expected.derivative(i)) && std::abs(expected.derivative(i)) < 1e6;
      };
      if (!finite(0) || !finite(1) || !finite(2)) continue;  // constants of it may be refused
      const std::string refused = why_not(expression.text);
      if (refused.find("constant part") != std::string::npos) continue;
      REQUIRE(refused == "accepted");
      const auto found = jet_of(Formula(expression.text), x);
      if (std::isnan(found[1]) && expression.text.find("sqrt") != std::string::npos) continue;  // sqrt(0)
      const double size = 1 + std::abs(expected.derivative(1)) + std::abs(expected.derivative(2));
      for (int i : {0, 1, 2})
        CHECK(std::abs(found[i] - expected.derivative(i)) < 1e-7 * (size + std::abs(expected.derivative(0))));
      ++compared;
    }
  }
  CHECK(compared > 3000);
}

TEST_CASE("derivatives against central differences, kinks apart") {
  for (const char* text : {"exp(x)",
                           "log(1+exp(x))",
                           "1+tanh(x)",
                           "x^3-2*x",
                           "1/(1+exp(-3*x))",
                           "exp(-x^2/2)",
                           "sqrt(1+x^2)",
                           "abs(x)^3",
                           "max(x,0)+exp(min(x,0))",
                           "2^x",
                           "x^2.5+0*x",
                           "(x+3)^x",
                           "x*erfc(-x/sqrt(2))/2",
                           "erfc(x)",
                           "erfc(4*x)",
                           "sinh(x)/cosh(x)",
                           "log(2+sin(x))*cos(x)",
                           "expm1(x)*atan(x)",
                           "softplus(x)^2",
                           "relu(x-1)^3",
                           "log1p(exp(50*x))",
                           "exp(300*x)/(1+exp(300*x))",
                           "x^-2",
                           "min(x^2,4)"}) {
    CAPTURE(text);
    const Formula f(text);
    for (const double x : {0.31, 1.7, 2.6}) {
      const double h = 1e-4;
      const auto [y, d, c] = jet_of(f, x);
      const auto up = jet_of(f, x + h), down = jet_of(f, x - h);
      const double size = std::abs(y) + std::abs(d) + std::abs(c) + 1e-300;
      CHECK(std::abs(d - (up[0] - down[0]) / (2 * h)) < 3e-4 * size);
      CHECK(std::abs(c - (up[1] - down[1]) / (2 * h)) < 3e-2 * size);
    }
  }
}

TEST_CASE("precedence, signs and numbers, as on paper") {
  const std::map<std::string, double> at_3 = {{"-x^2", -9},
                                              {"(-x)^2", 9},
                                              {"2^-x", 0.125},
                                              {"x^2^0.5", std::pow(3, std::sqrt(2.0))},
                                              {"8/4/2+0*x", 1},
                                              {"1-2-x", -4},
                                              {"2*x^2", 18},
                                              {"--x", 3},
                                              {"-+-x", 3},
                                              {"1e1*x", 30},
                                              {".5*x", 1.5},
                                              {"5.-x", 2},
                                              {" 2 * ( x + 1 ) ", 8},
                                              {"x-1*2", 1},
                                              {"-x*2", -6},
                                              {"2^x*x", 24},
                                              {"x/2*4", 6},
                                              {"max(x,1)-min(x,-1)", 4},
                                              {"log(e)*x", 3},
                                              {"sin(pi/2)*x", 3},
                                              {"e^x", std::exp(3.0)},
                                              {"log(1+x)", std::log(4.0)},
                                              {"abs(-x)", 3},
                                              {"1.25E-1*x", 0.375}};
  for (const auto& at : at_3) {
    CAPTURE(at.first);
    CHECK(jet_of(Formula(at.first), 3)[0] == doctest::Approx(at.second).epsilon(1e-15));
  }
}

TEST_CASE("what is no formula: the column, what was needed and what stands there") {
  const auto says = [](const std::string& text, const char* part) {
    CAPTURE(text);
    const std::string message = why_not(text);
    CAPTURE(message);
    CHECK(message.find(part) != std::string::npos);
  };
  says("log(1+exp(x)", "column 13: needs ')', not the end");
  says("1++*x", "column 4: needs a number, x, a function or '(', not '*'");
  says("2x", "column 2: needs an operator or the end, not 'x'");
  says("1 2", "column 3: needs an operator or the end, not '2'");
  says("x)", "column 2: needs an operator or the end, not ')'");
  says("", "column 1: needs a number");
  says("max(x)", "column 1: max takes two arguments");
  says("1+exp(x,2)", "column 3: exp takes one argument");
  says("exp", "column 1: 'exp' is unknown");
  says("1+y", "column 3: 'y' is unknown: x, pi, e and the functions exp");
  says("2*sofplus(x)", "column 3: no function of this name: exp");
  says("x(2)", "column 1: no function of this name");
  says("inf", "column 1: 'inf' is unknown");
  says("1e999*x", "column 1: needs a number");
  says("x+log(-1)", "column 3: a constant part of it is not a finite real number");
  says("x/0", "a constant part");
  says("x+\xc3\xa9", "column 3: needs plain ASCII");
  says("x\n+1", "column 2: needs plain ASCII");
  says(std::string(1001, 'x'), "at most 1000 characters");
  for (const char* opening : {"(", "-", "x^", "exp(", "+(-"}) {
    std::string deep;
    while (deep.size() < 900) deep += opening;
    says(deep + "x", "needs at most 50 parentheses");
  }
  says(std::string(200'000, '(') + "x", "at most 1000 characters");
  CHECK(why_not(std::string(49, '(') + "x" + std::string(49, ')')) == "accepted");
}

TEST_CASE("random bytes are a formula or refused with a column, never a crash") {
  std::mt19937 rng(3);
  const std::string alphabet = "x0123456789.+-*/^() ,eplogsinmax";
  for (int n = 0; n < 20000; ++n) {
    std::string text;
    for (int i = static_cast<int>(rng() % 24); i >= 0; --i) text += alphabet[rng() % alphabet.size()];
    CAPTURE(text);
    const std::string message = why_not(text);
    CHECK((message == "accepted" || message.starts_with("column ") || message.find("constant part") == 0));
  }
}

TEST_CASE("formulas are the named activations, at ordinary fields and far out") {
  Batch chi(7, 3);
  chi << 0.3, -0.7, 1.1, 2.0, 0.1, -1.5, -30, -31, -29.5, 25, 31, 40, 1000, 0, -1000, -1000, -1001, -1002,
      999, 1000, 998;
  const std::pair<std::string, std::string> same[] = {{"kernel:exp(x)", "softmax"},
                                                      {"kernel:e^x*7", "softmax"},
                                                      {"kernel:exp(3*x-1)", "softmax:3"},
                                                      {"kernel:log(1+exp(x))", "softplus"},
                                                      {"kernel:softplus(x)", "softplus"},
                                                      {"kernel:1/(1+exp(-x))", "logistic-softmax"},
                                                      {"kernel:exp(x)/(exp(x)+1)", "logistic-softmax"},
                                                      {"kernel:1+tanh(x/2)", "logistic-softmax"},
                                                      {"kernel:1+x+x^2/2", "taylor-2"},
                                                      {"kernel:max(x,0)", "relu-kernel"},
                                                      {"elementwise:relu(x)", "relu"},
                                                      {"elementwise:1+x", "linear"},
                                                      {"elementwise:1+erf(x-1.5)", "erf:-1.5"},
                                                      {"elementwise:sigmoid(x)", "sigmoid"}};
  for (const auto& pair : same) {
    const std::string &formula = pair.first, &name = pair.second;
    CAPTURE(formula);
    ActivationJet found, expected;
    make_activation(formula)->jet(chi, found), make_activation(name)->jet(chi, expected);
    CHECK((found.s - expected.s).abs().maxCoeff() <= 1e-14 * (1 + expected.s.abs().maxCoeff()));
    CHECK((found.b - expected.b).abs().maxCoeff() <= 1e-13);
    CHECK((found.c - expected.c).abs().maxCoeff() <= 1e-13);
    const ActivationInfo a = make_activation(formula)->info(), b = make_activation(name)->info();
    CHECK(a.name == formula);
    CHECK(a.normalised == b.normalised);
    CHECK(a.shift_invariant == b.shift_invariant);
    CHECK(a.exponential == b.exponential);
    CHECK(a.elementwise == b.elementwise);
    CHECK(a.softmax_slope == b.softmax_slope);
    CHECK(a.smooth == b.smooth);
  }
  CHECK((value("kernel:exp(x)", chi) == value("softmax", chi)).all());
  for (const char* nearly : {"kernel:exp(max(x,-30))", "kernel:exp(x)+1e-30", "kernel:exp(x)*(1+1e-9*x^2)"})
    CHECK(make_activation(nearly)->info().softmax_slope == 0);
  const char* elu =
      "kernel:max(x,0)+exp(min(x,0))";  // a kink for this one's derivatives, not for elu-kernel's
  CHECK((value(elu, chi) - value("elu-kernel", chi)).abs().maxCoeff() < 1e-14);
  CHECK(!make_activation(elu)->info().smooth);
  // Gaussian tails keep their ratio: erfc(z) = exp(-z^2)/(z sqrt(pi)) (1 - 1/(2 z^2) + 3/(4 z^4) ...).
  const Batch tails = (Batch(1, 2) << -40, -40.02).finished(), s = value("kernel:1+erf(x)", tails);
  const auto tail = [](double z) { return (1 - 1 / (2 * z * z) + 3 / (4 * z * z * z * z)) / z; };
  CHECK(s(0, 1) / s(0, 0) ==
        doctest::Approx(std::exp(40 * 40 - 40.02 * 40.02) * tail(40.02) / tail(40)).epsilon(1e-8));
}

TEST_CASE("formulas that cannot be an activation are refused, and doubts are said") {
  const auto refuses = [](const std::string& name, const char* part) {
    CAPTURE(name);
    try {
      (void)make_activation(name);
      FAIL("accepted");
    } catch (const InvalidInput& e) {
      CAPTURE(e.rule());
      CHECK(e.key() == "activation");
      CHECK(e.value().size() < 90);
      CHECK(e.rule().find(part) != std::string::npos);
    }
  };
  refuses("kernel:", "needs a formula");
  refuses("elementwise", "needs a formula");
  refuses("kernel:log(1+", "column 7");
  refuses("kernel:tanh(x)", "negative at x = -20");
  refuses("kernel:x^2-1", "negative at x = -0.9");
  refuses("kernel:x-x", "vanishes");
  refuses("kernel:2", "needs an x");
  refuses("elementwise:log(x)", "value is not finite and real at x = -20");
  refuses("elementwise:1/x", "at x = 0:");
  refuses("elementwise:sqrt(relu(x))", "derivative");
  refuses("kernel:1/(x-3)^2", "at x = 3:");
  refuses("elementwise:exp(x^3)", "overflows at x = 9");
  refuses("kernel:" + std::string(200'000, '('), "at most 1000");
  CHECK(make_activation("kernel:max(x,0)")->info().remark.find("vanishes at x = -20") != std::string::npos);
  CHECK(make_activation("kernel:exp(x^3)")->info().remark.empty());
  // Negative only beyond the checked fields: not a number there, not a wrong one.
  CHECK(std::isnan(value("kernel:500-x^2", (Batch(1, 2) << 25, 1).finished())(0, 0)));
}
