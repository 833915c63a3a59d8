#include <algorithm>
#include <cmath>
#include <numbers>
#include <quenched/vector_math.hpp>

#include "formula.hpp"

namespace quenched {
namespace formula_jets {
namespace {

using Eigen::ArrayXd;
using Mask = Eigen::Array<bool, Eigen::Dynamic, 1>;
namespace vm = vector_math;

/// f, f' and f'', each times exp(s); s empty: 0. Products add the s, sums take the larger one: exponentials
/// neither overflow nor vanish before the largest of them is known.
struct Jet {
  ArrayXd f, d, c;  // c: f''
  ArrayXd s = {};
};

/// key > 0 ? above : below, without branches, which random signs would mispredict.
QUENCHED_CLONES void choose_loop(const double* key, const double* above, const double* below, double* out,
                                 Eigen::Index n) {
  for (Eigen::Index i = 0; i < n; ++i) out[i] = key[i] > 0 ? above[i] : below[i];
}
ArrayXd chosen(const ArrayXd& key, const ArrayXd& above, const ArrayXd& below) {
  ArrayXd out(key.size());
  choose_loop(key.data(), above.data(), below.data(), out.data(), key.size());
  return out;
}

ArrayXd exp_of(ArrayXd x) {
  vm::exp(x, x);
  return x;
}
ArrayXd log1p_of(ArrayXd x) {
  vm::log1p(x, x);
  return x;
}
ArrayXd log_of(ArrayXd x) {
  vm::log(x, x);
  return x;
}

/// g(u) from g, g', g'' at u.f; u without scale.
Jet composed(const Jet& u, ArrayXd g, const ArrayXd& g1, const ArrayXd& g2, ArrayXd s = {}) {
  return {std::move(g), g1 * u.d, g2 * u.d.square() + g1 * u.c, std::move(s)};
}

/// As plain numbers, which may overflow.
Jet plain(Jet u) {
  if (u.s.size() == 0) return u;
  const ArrayXd scale = exp_of(std::move(u.s));
  for (ArrayXd* a : {&u.f, &u.d, &u.c}) *a *= scale;
  u.s = {};
  return u;
}

/// Puts both on the larger of their scales.
void align(Jet& a, Jet& b) {
  if (a.s.size() == 0 && b.s.size() == 0) return;
  if (a.s.size() == 0) a.s = ArrayXd::Zero(b.s.size());
  if (b.s.size() == 0) b.s = ArrayXd::Zero(a.s.size());
  const auto has_zero = [](const Jet& u) { return u.f.abs().minCoeff() == 0; };
  const auto is_zero = [](const Jet& u) -> Mask { return u.f == 0 && u.d == 0 && u.c == 0; };
  if (has_zero(a)) a.s = is_zero(a).select(b.s, a.s).eval();  // 0 has any scale
  if (has_zero(b)) b.s = is_zero(b).select(a.s, b.s).eval();
  const ArrayXd above = a.s - b.s, e = exp_of(-above.abs()), one = ArrayXd::Ones(e.size());
  const ArrayXd of_a = chosen(above, one, e), of_b = chosen(above, e, one);
  for (ArrayXd* v : {&a.f, &a.d, &a.c}) *v *= of_a;
  for (ArrayXd* v : {&b.f, &b.d, &b.c}) *v *= of_b;
  a.s = b.s = a.s.max(b.s).eval();
}

Jet plus(Jet u, double c) {
  if (u.s.size() == 0) {
    u.f += c;
    return u;
  }
  const ArrayXd e = exp_of(-u.s.abs()), one = ArrayXd::Ones(e.size()), of_u = chosen(u.s, one, e);
  for (ArrayXd* v : {&u.f, &u.d, &u.c}) *v *= of_u;
  u.f += c * chosen(u.s, e, one);
  u.s = u.s.max(0).eval();
  return u;
}

Jet times(Jet u, double c) {
  for (ArrayXd* a : {&u.f, &u.d, &u.c}) *a *= c;
  return u;
}

ArrayXd whole_power(ArrayXd base, int n) {
  ArrayXd result = ArrayXd::Ones(base.size());
  for (; n > 0; n /= 2) {
    if (n % 2) result *= base;
    if (n > 1) base *= base.eval();
  }
  return result;
}

/// u^p, by multiplications where p is a whole number.
Jet power(const Jet& u, double p) {
  ArrayXd g, g1, g2;
  if (p == 2) {
    return {u.f.square(), 2 * u.f * u.d, 2 * (u.d.square() + u.f * u.c), u.s.size() ? (2 * u.s).eval() : u.s};
  } else if (p == -1) {
    g = 1 / u.f, g1 = -g.square(), g2 = -2 * g * g1;
  } else if (p == std::round(p) && std::abs(p) <= 1024) {
    const int n = static_cast<int>(std::abs(p));
    if (p > 0) {
      g2 = whole_power(u.f, n - 2), g1 = g2 * u.f, g = g1 * u.f;
      g1 *= p, g2 *= p * (p - 1);
    } else {
      const ArrayXd r = 1 / u.f;
      g = whole_power(r, n), g1 = p * g * r, g2 = (p - 1) * g1 * r;
    }
  } else {
    g = exp_of(p * log_of(u.f));
    g1 = p * g / u.f, g2 = (p - 1) * g1 / u.f;
  }
  return composed(u, g, g1, g2, u.s.size() ? (p * u.s).eval() : u.s);
}

Jet sum(Jet a, Jet b) {
  align(a, b);
  a.f += b.f, a.d += b.d, a.c += b.c;
  return a;
}

Jet product(const Jet& a, const Jet& b) {
  Jet r{a.f * b.f, a.d * b.f + a.f * b.d, a.c * b.f + 2 * a.d * b.d + a.f * b.c};
  r.s = a.s.size() == 0 ? b.s : b.s.size() == 0 ? a.s : (a.s + b.s).eval();
  return r;
}

/// The larger of both; b where they are equal.
Jet largest(Jet a, Jet b) {
  align(a, b);
  const ArrayXd above = a.f - b.f;
  return {chosen(above, a.f, b.f) + 0 * (a.f + b.f),  // NaN where either is
          chosen(above, a.d, b.d), chosen(above, a.c, b.c), a.s};
}

Jet log(const Jet& u) {
  const ArrayXd r = u.d / u.f;
  Jet y{log_of(u.f), r, u.c / u.f - r.square()};
  if (u.s.size()) y.f += u.s;
  return y;
}

/// log(1 + u): plain where the scale of u is above 0, with that scale below, where it is u to first order.
Jet log1p(const Jet& u) {
  if (u.s.size() == 0) {
    const ArrayXd r = 1 / (1 + u.f);
    return composed(u, log1p_of(u.f), r, -r.square());
  }
  const ArrayXd e = exp_of(-u.s.abs()), one = ArrayXd::Ones(e.size()), of_u = chosen(u.s, one, e);
  const ArrayXd total = u.f * of_u + chosen(u.s, e, one);      // (1 + u)/max(exp(s), 1)
  const ArrayXd excess = chosen(u.s, (u.f - 1) + e, u.f * e);  // total - 1, to full accuracy near f = 1
  ArrayXd l = log1p_of(excess);
  if ((u.f - 1).abs().maxCoeff() > 0.5)
    l = (u.s > 0 && (u.f - 1).abs() > 0.5).select(log_of(total), l).eval();
  const ArrayXd r = u.d / total, first_order = chosen(excess.abs(), l / excess, one);
  return {chosen(u.s, u.s + l, u.f * first_order), r, u.c / total - of_u * r.square(), u.s.min(0)};
}

Jet exp(Jet u) {
  u = plain(std::move(u));
  ArrayXd d2 = u.c + u.d.square();
  return {ArrayXd::Ones(u.f.size()), u.d, std::move(d2), std::move(u.f)};
}

Jet expm1(Jet u) {
  u = plain(std::move(u));
  ArrayXd e = -u.f.abs(), m = e;
  vm::exp(e, e);
  vm::expm1(m, m);
  const ArrayXd slope = chosen(u.f, ArrayXd::Ones(e.size()), e), value = chosen(u.f, -m, m);
  return composed(u, value, slope, slope, u.f.max(0));
}

/// (exp(u) -+ exp(-u))/2 with scale |u|.
Jet hyperbolic(Jet u, bool odd) {
  u = plain(std::move(u));
  const ArrayXd size = u.f.abs(), sign = u.f.sign();
  ArrayXd m = -2 * size;
  vm::expm1(m, m);
  const ArrayXd sinh = -sign * m / 2, cosh = 1 + m / 2;
  return odd ? composed(u, sinh, cosh, sinh, size) : composed(u, cosh, sinh, cosh, size);
}

Jet tanh(Jet u) {
  u = plain(std::move(u));
  ArrayXd t(u.f.size());
  vm::tanh(u.f, t);
  const ArrayXd e = exp_of(-2 * u.f.abs()), slope = 4 * e / (1 + e).square();
  return composed(u, t, slope, -2 * t * slope);
}

/// exp(x^2) erfc(x) for x > 6, by its continued fraction from the 20th term.
double scaled_erfc(double x) {
  double tail = x;
  for (int n = 20; n > 0; --n) tail = x + n / 2.0 / tail;
  return std::numbers::inv_sqrtpi / tail;
}

/// With scale -u^2 where u > 6.
Jet erfc(Jet u) {
  u = plain(std::move(u));
  constexpr double far = 6;
  const ArrayXd& x = u.f;
  ArrayXd g = -std::numbers::sqrt2 * x;
  vm::normal_cdf(g, g);
  g *= 2;
  ArrayXd s = ArrayXd::Zero(x.size()), slope = exp_of(-x.square());
  for (Eigen::Index i = 0; i < x.size(); ++i)
    if (x[i] > far) s[i] = -x[i] * x[i], g[i] = scaled_erfc(x[i]), slope[i] = 1;
  slope *= -2 * std::numbers::inv_sqrtpi;
  const ArrayXd bend = -2 * x * slope;
  return composed(u, g, slope, bend, (x > far).any() ? s : ArrayXd());
}

Jet erf(Jet u) {
  u = plain(std::move(u));
  ArrayXd g(u.f.size());
  vm::erf(u.f, g);
  const ArrayXd slope = 2 * std::numbers::inv_sqrtpi * exp_of(-u.f.square());
  return composed(u, g, slope, -2 * u.f * slope);
}

Jet evaluated(const FormulaNode& node, const std::vector<Jet>& jets, const Eigen::Map<const ArrayXd>& x) {
  using Op = FormulaNode::Op;
  const auto a = [&]() -> const Jet& { return jets[node.a]; };
  const auto b = [&]() -> const Jet& { return jets[node.b]; };
  const auto with = [&](double (*g)(double), auto slope, auto bend) {  // no vector function in use elsewhere
    const Jet u = plain(a());
    return composed(u, u.f.unaryExpr(g), slope(u.f), bend(u.f));
  };
  const Eigen::Index n = x.size();
  switch (node.op) {
    case Op::x:
      return {x, ArrayXd::Ones(n), ArrayXd::Zero(n)};
    case Op::constant:
      return {ArrayXd::Constant(n, node.c), ArrayXd::Zero(n), ArrayXd::Zero(n)};
    case Op::plus:
      return plus(a(), node.c);
    case Op::times:
      return times(a(), node.c);
    case Op::power:
      return power(a(), node.c);
    case Op::sum:
      return sum(a(), b());
    case Op::product:
      return product(a(), b());
    case Op::max:
      return largest(a(), b());
    case Op::min:
      return times(largest(times(a(), -1), times(b(), -1)), -1);
    case Op::abs: {
      Jet u = a();
      const ArrayXd sign = u.f.sign();
      for (ArrayXd* v : {&u.f, &u.d, &u.c}) *v *= sign;
      return u;
    }
    case Op::exp:
      return exp(a());
    case Op::expm1:
      return expm1(a());
    case Op::log:
      return log(a());
    case Op::log1p:
      return log1p(a());
    case Op::tanh:
      return tanh(a());
    case Op::sinh:
      return hyperbolic(a(), true);
    case Op::cosh:
      return hyperbolic(a(), false);
    case Op::sin:
      return with(
          std::sin, [](const ArrayXd& u) -> ArrayXd { return u.cos(); },
          [](const ArrayXd& u) -> ArrayXd { return -u.sin(); });
    case Op::cos:
      return with(
          std::cos, [](const ArrayXd& u) -> ArrayXd { return -u.sin(); },
          [](const ArrayXd& u) -> ArrayXd { return -u.cos(); });
    case Op::atan:
      return with(
          std::atan, [](const ArrayXd& u) -> ArrayXd { return 1 / (1 + u.square()); },
          [](const ArrayXd& u) -> ArrayXd { return -2 * u / (1 + u.square()).square(); });
    case Op::erf:
      return erf(a());
    case Op::erfc:
      return erfc(a());
  }
  return {};
}

}  // namespace
}  // namespace formula_jets

Formula::Formula(std::string_view text) : Formula(parsed_formula(text)) {}

Curve Formula::operator()(const Batch& x) const {
  using formula_jets::Jet;
  constexpr Eigen::Index block = 256;  // jets of a block stay in the first cache
  Curve curve{Batch(x.rows(), x.cols()), Batch(x.rows(), x.cols()), Batch(x.rows(), x.cols())};
  std::vector<Jet> jets(nodes_.size());
  for (Eigen::Index from = 0; from < x.size(); from += block) {
    const Eigen::Index n = std::min(block, x.size() - from);
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      jets[i] =
          formula_jets::evaluated(nodes_[i], jets, Eigen::Map<const Eigen::ArrayXd>(x.data() + from, n));
    const auto put = [&](const Eigen::ArrayXd& part, Batch& whole) {
      Eigen::Map<Eigen::ArrayXd>(whole.data() + from, n) = part;
    };
    const Jet& result = jets.back();
    put(result.f, curve.value), put(result.d, curve.first), put(result.c, curve.second);
    if (result.s.size() == 0) continue;
    if (curve.scale.size() == 0) curve.scale = Batch::Zero(x.rows(), x.cols());
    put(result.s, curve.scale);
  }
  return curve;
}

bool Formula::depends_on_x() const {
  return std::ranges::any_of(nodes_, [](const FormulaNode& n) { return n.op == FormulaNode::Op::x; });
}

bool Formula::smooth() const {
  using Op = FormulaNode::Op;
  return std::ranges::none_of(
      nodes_, [](const FormulaNode& n) { return n.op == Op::abs || n.op == Op::max || n.op == Op::min; });
}

}  // namespace quenched
