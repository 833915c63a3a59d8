#pragma once
#include <quenched/curve.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace quenched {

/// Why a text is no formula, in a few words that name the column.
class FormulaError : public std::invalid_argument {
  using invalid_argument::invalid_argument;
};

/// What is computed from the results of earlier nodes a and b, and the number c.
struct FormulaNode {
  enum class Op : unsigned char {
    x,
    constant,  // c
    plus,
    times,
    power,  // a + c, a c, a^c
    sum,
    product,
    max,
    min,  // of a and b
    abs,
    exp,
    expm1,
    log,
    log1p,
    tanh,
    sinh,
    cosh,
    sin,
    cos,
    atan,
    erf,
    erfc  // of a
  };
  Op op;
  int a = -1, b = -1;
  double c = 0;
  bool operator==(const FormulaNode&) const = default;
};

/// The nodes under construction: equal ones are one, constants are folded, and what would lose digits is
/// written as a function that keeps them (log(1 + u) as log1p(u), 1 + tanh(u) as 2/(1 + exp(-2u)), 1 + erf(u)
/// as erfc(-u)).
class FormulaNodes {
 public:
  using Op = FormulaNode::Op;
  [[nodiscard]] int x() { return add({.op = Op::x}); }
  [[nodiscard]] int constant(double c);  // throws FormulaError unless finite
  [[nodiscard]] int sum(int a, int b);
  [[nodiscard]] int product(int a, int b);
  [[nodiscard]] int power(int a, int b);
  [[nodiscard]] int negative(int a) { return times(a, -1); }
  [[nodiscard]] int reciprocal(int a) { return power_of(a, -1); }
  /// Throws FormulaError for an unknown name or a wrong number of arguments.
  [[nodiscard]] int call(std::string_view function, const std::vector<int>& arguments);

  /// The nodes that `result` needs, itself last.
  [[nodiscard]] std::vector<FormulaNode> needed_for(int result) const;
  [[nodiscard]] static std::string functions();  // all of them, for a message

 private:
  int add(const FormulaNode& node);
  int unary(Op op, int a);
  int plus(int a, double c);
  int times(int a, double c);
  int power_of(int a, double c);
  int extreme(Op op, int a, int b);
  [[nodiscard]] bool is(int a, Op op) const { return nodes_[a].op == op; }
  [[nodiscard]] bool is_times(int a, double c, Op inner) const;

  std::vector<FormulaNode> nodes_;
};

/// A function of x given as text (docs/activations.md): parsed once, evaluated with its exact first two
/// derivatives on blocks of points.
class Formula {
 public:
  static constexpr std::size_t longest = 1000;  // characters
  static constexpr int deepest = 50;            // nested parentheses, powers and signs

  /// Throws FormulaError.
  explicit Formula(std::string_view text);
  explicit Formula(std::vector<FormulaNode> nodes) : nodes_(std::move(nodes)) {}

  /// About 1 ns an operation and 2 ns a function, per point. NaN where the formula has no real value.
  [[nodiscard]] Curve operator()(const Batch& x) const;

  [[nodiscard]] bool depends_on_x() const;
  [[nodiscard]] bool smooth() const;  // no abs, max or min of what depends on x

 private:
  std::vector<FormulaNode> nodes_;  // the last is the result
};

/// The nodes that a text stands for. Throws FormulaError.
[[nodiscard]] std::vector<FormulaNode> parsed_formula(std::string_view text);

}  // namespace quenched
