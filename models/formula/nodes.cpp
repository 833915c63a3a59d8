#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

#include "formula.hpp"

namespace quenched {
namespace {

struct NamedFunction {
  std::string_view name;
  FormulaNode::Op op;
};
using UnaryOp = FormulaNode::Op;
constexpr NamedFunction unary_functions[] = {
    {"exp", UnaryOp::exp},  {"expm1", UnaryOp::expm1}, {"log", UnaryOp::log},   {"log1p", UnaryOp::log1p},
    {"abs", UnaryOp::abs},  {"tanh", UnaryOp::tanh},   {"sinh", UnaryOp::sinh}, {"cosh", UnaryOp::cosh},
    {"sin", UnaryOp::sin},  {"cos", UnaryOp::cos},     {"atan", UnaryOp::atan}, {"erf", UnaryOp::erf},
    {"erfc", UnaryOp::erfc}};
/// These are written by the others.
constexpr std::string_view composed_functions[] = {"sqrt", "sigmoid", "softplus", "relu", "max", "min"};

}  // namespace

std::string FormulaNodes::functions() {
  std::string list;
  for (const NamedFunction& f : unary_functions) list += std::string(f.name) + ", ";
  for (const std::string_view f : composed_functions) list += std::string(f) + ", ";
  return list.substr(0, list.size() - 2);
}

/// A node of constants alone is a constant.
int FormulaNodes::add(const FormulaNode& node) {
  const auto known = [&](int i) { return i < 0 || is(i, Op::constant); };
  if (node.op != Op::x && node.op != Op::constant && known(node.a) && known(node.b)) {
    std::vector<FormulaNode> alone = {nodes_[node.a], node.b < 0 ? nodes_[node.a] : nodes_[node.b], node};
    alone.back().a = 0, alone.back().b = 1;
    const Curve at = Formula(alone)(Batch::Zero(1, 1));
    return constant(at.value(0, 0) * (at.scale.size() > 0 ? std::exp(at.scale(0, 0)) : 1));
  }
  const auto equal = std::ranges::find(nodes_, node) - nodes_.begin();
  if (equal == std::ssize(nodes_)) nodes_.push_back(node);
  return static_cast<int>(equal);
}

int FormulaNodes::constant(double c) {
  if (!std::isfinite(c)) throw FormulaError("a constant part of it is not a finite real number");
  return add({.op = Op::constant, .c = c});
}

bool FormulaNodes::is_times(int a, double c, Op inner) const {
  return is(a, Op::times) && nodes_[a].c == c && is(nodes_[a].a, inner);
}

int FormulaNodes::plus(int a, double c) {
  if (c == 0) return a;
  const auto sigmoid_of_twice = [&](int u) {  // 1 + tanh(u) = 2/(1 + exp(-2 u))
    return times(reciprocal(plus(unary(Op::exp, times(u, -2)), 1)), 2);
  };
  const auto argument = [&] { return nodes_[nodes_[a].a].a; };  // of the function under times
  if (c == 1 && is(a, Op::tanh)) return sigmoid_of_twice(nodes_[a].a);
  if (c == 1 && is_times(a, -1, Op::tanh)) return sigmoid_of_twice(times(argument(), -1));
  if (c == 1 && is(a, Op::erf)) return unary(Op::erfc, times(nodes_[a].a, -1));
  if (c == 1 && is_times(a, -1, Op::erf)) return unary(Op::erfc, argument());
  if (c == 1 && is(a, Op::expm1)) return unary(Op::exp, nodes_[a].a);
  if (c == -1 && is(a, Op::exp)) return unary(Op::expm1, nodes_[a].a);
  if (c == 1 && is_times(a, -1, Op::exp)) return times(unary(Op::expm1, argument()), -1);
  return add({.op = Op::plus, .a = a, .c = c});
}

int FormulaNodes::times(int a, double c) {
  if (c == 1) return a;
  if (is(a, Op::constant)) return constant(c * nodes_[a].c);
  if (is(a, Op::times)) return times(nodes_[a].a, c * nodes_[a].c);
  return add({.op = Op::times, .a = a, .c = c});
}

int FormulaNodes::power_of(int a, double c) {
  if (c == 0) return constant(1);
  if (c == 1) return a;
  return add({.op = Op::power, .a = a, .c = c});
}

int FormulaNodes::sum(int a, int b) {
  if (is(a, Op::constant)) std::swap(a, b);
  if (is(b, Op::constant))
    return is(a, Op::constant) ? constant(nodes_[a].c + nodes_[b].c) : plus(a, nodes_[b].c);
  return add({.op = Op::sum, .a = a, .b = b});
}

int FormulaNodes::product(int a, int b) {
  if (is(a, Op::constant)) std::swap(a, b);
  if (is(b, Op::constant)) return times(a, nodes_[b].c);
  return add({.op = Op::product, .a = a, .b = b});
}

int FormulaNodes::power(int a, int b) {
  if (is(b, Op::constant)) return power_of(a, nodes_[b].c);
  if (is(a, Op::constant) && nodes_[a].c == std::numbers::e) return unary(Op::exp, b);
  return unary(Op::exp, product(b, unary(Op::log, a)));
}

int FormulaNodes::extreme(Op op, int a, int b) { return a == b ? a : add({.op = op, .a = a, .b = b}); }

int FormulaNodes::unary(Op op, int a) {
  if (op == Op::log && is(a, Op::plus) && nodes_[a].c == 1) return unary(Op::log1p, nodes_[a].a);
  return add({.op = op, .a = a});
}

int FormulaNodes::call(std::string_view function, const std::vector<int>& arguments) {
  const auto named = std::ranges::find(unary_functions, function, &NamedFunction::name);
  const bool composed = std::ranges::find(composed_functions, function) != std::end(composed_functions);
  if (named == std::end(unary_functions) && !composed)
    throw FormulaError("no function of this name: " + functions() + " are known");
  const std::size_t takes = function == "max" || function == "min" ? 2 : 1;
  if (arguments.size() != takes)
    throw FormulaError(std::string(function) + " takes " + (takes == 1 ? "one argument" : "two arguments"));
  const int a = arguments[0];
  if (!composed) return unary(named->op, a);
  if (function == "sqrt") return power_of(a, 0.5);
  if (function == "sigmoid") return reciprocal(plus(unary(Op::exp, times(a, -1)), 1));
  if (function == "softplus") return unary(Op::log1p, unary(Op::exp, a));
  if (function == "relu") return extreme(Op::max, a, constant(0));
  return extreme(function == "max" ? Op::max : Op::min, a, arguments[1]);
}

std::vector<FormulaNode> FormulaNodes::needed_for(int result) const {
  std::vector<char> needed(nodes_.size(), 0);
  needed[result] = 1;
  for (int i = result; i >= 0; --i)
    if (needed[i])
      for (const int operand : {nodes_[i].a, nodes_[i].b})
        if (operand >= 0) needed[operand] = 1;
  std::vector<int> place(nodes_.size(), -1);
  std::vector<FormulaNode> list;
  for (int i = 0; i <= result; ++i) {
    if (!needed[i]) continue;
    FormulaNode node = nodes_[i];
    if (node.a >= 0) node.a = place[node.a];
    if (node.b >= 0) node.b = place[node.b];
    place[i] = static_cast<int>(list.size());
    list.push_back(node);
  }
  return list;
}

}  // namespace quenched
