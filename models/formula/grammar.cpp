// X3's names are templates of templates: this file is all that sees them.
#include <boost/spirit/home/x3.hpp>
#include <charconv>
#include <numbers>

#include "formula.hpp"

namespace quenched {
namespace formula_grammar {
namespace {

namespace x3 = boost::spirit::x3;
using Text = std::string_view::const_iterator;

struct Reader {
  FormulaNodes nodes;
  Text begin;
  int depth = 0;

  [[noreturn]] void refuse(Text at, const std::string& why) const {
    throw FormulaError("column " + std::to_string(at - begin + 1) + ": " + why);
  }
  /// What `make` gives; its errors are about the text at `at`.
  template <class Make>
  int made_at(Text at, Make make) const {
    try {
      return make();
    } catch (const FormulaError& e) {
      refuse(at, e.what());
    }
  }
};

struct Call {
  std::string name;
  Text at;
  bool is_function = false;
  std::vector<int> arguments;
};

struct reader_tag;
const auto reader = [](auto& context) -> Reader& { return x3::get<reader_tag>(context).get(); };

// Semantic actions. Each follows a token that no other alternative takes, so that none is undone.
const auto take = [](auto& c) { x3::_val(c) = x3::_attr(c); };
const auto enter = [](auto& c) {
  if (++reader(c).depth > Formula::deepest)
    reader(c).refuse(x3::_where(c).begin(), "needs at most " + std::to_string(Formula::deepest) +
                                                " parentheses, powers and signs within each other");
};
const auto leave = [](auto& c) { --reader(c).depth; };
const auto add = [](auto& c) { x3::_val(c) = reader(c).nodes.sum(x3::_val(c), x3::_attr(c)); };
const auto subtract = [](auto& c) {
  x3::_val(c) = reader(c).nodes.sum(x3::_val(c), reader(c).nodes.negative(x3::_attr(c)));
};
const auto multiply = [](auto& c) { x3::_val(c) = reader(c).nodes.product(x3::_val(c), x3::_attr(c)); };
const auto divide = [](auto& c) {
  Reader& r = reader(c);
  x3::_val(c) = r.made_at(x3::_where(c).begin() - 1,
                          [&] { return r.nodes.product(x3::_val(c), r.nodes.reciprocal(x3::_attr(c))); });
};
const auto negate = [](auto& c) { x3::_val(c) = reader(c).nodes.negative(x3::_attr(c)); };
const auto raise = [](auto& c) {
  Reader& r = reader(c);
  x3::_val(c) =
      r.made_at(x3::_where(c).begin() - 1, [&] { return r.nodes.power(x3::_val(c), x3::_attr(c)); });
};
const auto number = [](auto& c) {
  const auto digits = x3::_attr(c);
  double value = 0;
  const auto read = std::from_chars(&*digits.begin(), &*digits.begin() + digits.size(), value);
  if (read.ec != std::errc()) reader(c).refuse(digits.begin(), "the number is out of range");
  x3::_val(c) = reader(c).nodes.constant(value);
};
const auto name = [](auto& c) {
  x3::_val(c).name = std::string(x3::_attr(c).begin(), x3::_attr(c).end());
  x3::_val(c).at = x3::_attr(c).begin();
};
const auto argument = [](auto& c) {
  x3::_val(c).is_function = true, x3::_val(c).arguments.push_back(x3::_attr(c));
};
const auto apply = [](auto& c) {
  Reader& r = reader(c);
  const Call& call = x3::_attr(c);
  x3::_val(c) = r.made_at(call.at, [&] {
    if (call.is_function) return r.nodes.call(call.name, call.arguments);
    if (call.name == "x") return r.nodes.x();
    if (call.name == "pi") return r.nodes.constant(std::numbers::pi);
    if (call.name == "e") return r.nodes.constant(std::numbers::e);
    throw FormulaError("'" + call.name + "' is unknown: x, pi, e and the functions " +
                       FormulaNodes::functions() + " are known");
  });
};

struct finite_policies : x3::ureal_policies<double> {
  template <class... Arguments>
  static bool parse_nan(Arguments&...) {
    return false;
  }
  template <class... Arguments>
  static bool parse_inf(Arguments&...) {
    return false;
  }
};
constexpr x3::real_parser<double, finite_policies> real;

constexpr auto operand = "a number, x, a function or '('";
const x3::rule<struct formula_sum, int> sum = operand;
const x3::rule<struct formula_product, int> product = operand;
const x3::rule<struct formula_signed, int> signed_ = operand;
const x3::rule<struct formula_power, int> power = operand;
const x3::rule<struct formula_atom, int> atom = operand;
const x3::rule<struct formula_call, Call> call = operand;

const auto sum_def = product[take] >> *(('+' > product[add]) | ('-' > product[subtract]));
const auto product_def = signed_[take] >> *(('*' > signed_[multiply]) | ('/' > signed_[divide]));
const auto signed__def = ('-' > x3::eps[enter] > signed_[negate] > x3::eps[leave]) |
                         ('+' > x3::eps[enter] > signed_[take] > x3::eps[leave]) | power[take];
const auto power_def = atom[take] >> -('^' > x3::eps[enter] > signed_[raise] > x3::eps[leave]);
const auto atom_def = x3::raw[x3::lexeme[real]][number] | call[apply] |
                      ('(' > x3::eps[enter] > sum[take] > x3::eps[leave] > ')');
const auto call_def = x3::raw[x3::lexeme[x3::ascii::alpha >> *(x3::ascii::alnum | '_')]][name] >>
                      -('(' > x3::eps[enter] > (sum[argument] % ',') > x3::eps[leave] > ')');

BOOST_SPIRIT_DEFINE(sum, product, signed_, power, atom, call)

}  // namespace
}  // namespace formula_grammar

std::vector<FormulaNode> parsed_formula(std::string_view text) {
  using namespace formula_grammar;
  if (text.size() > Formula::longest)
    throw FormulaError("needs at most " + std::to_string(Formula::longest) + " characters");
  Reader r{.nodes = {}, .begin = text.begin()};
  for (Text c = text.begin(); c != text.end(); ++c)
    if (*c < ' ' || *c > '~') r.refuse(c, "needs plain ASCII characters");
  try {
    int result = 0;
    Text at = text.begin();
    const auto whole = x3::with<reader_tag>(std::ref(r))[x3::eps > sum > x3::eoi];
    static_cast<void>(x3::phrase_parse(at, text.end(), whole, x3::ascii::space, result));
    return r.nodes.needed_for(result);
  } catch (const x3::expectation_failure<Text>& e) {
    Text at = e.where();
    while (at != text.end() && *at == ' ') ++at;
    const std::string found = at == text.end() ? "the end" : std::string("'") + *at + "'";
    std::string needed = e.which();
    if (needed == "eoi")
      needed = "an operator or the end";
    else if (needed != "')'")
      needed = formula_grammar::operand;  // X3 knows no name of an action
    r.refuse(at, "needs " + needed + ", not " + found);
  }
}

}  // namespace quenched
