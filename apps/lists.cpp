#include "lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <quenched/invalid_input.hpp>

namespace quenched::apps {
namespace {

constexpr auto number_rule = "needs numbers as 1,2,4 or a range lo:hi:n or lo:hi:n:log";
constexpr auto length_rule =
    "needs tokens >= 1 as 2 or 1,2,3 (uniform) or 1:0.2,3:0.8 (weights that sum to 1)";
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
constexpr long most_values = 1000;
#else
constexpr long most_values = 1'000'000;
#endif

/// The whole of `text` as a number; from_chars knows no locale and takes inf and nan.
template <class Number>
std::optional<Number> parsed(const std::string& text) {
  Number x{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, x);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return x;
}

std::vector<double> range(const std::string& key, const std::string& text) {
  const auto parts = words(text, ':');
  const auto refuse = [&](const char* rule) { return InvalidInput(key, text, rule); };
  if (parts.size() > 4 || parts.size() < 3 || (parts.size() == 4 && parts[3] != "log"))
    throw refuse(number_rule);
  const auto low = parsed<double>(parts[0]), high = parsed<double>(parts[1]);
  const auto count = parsed<long>(parts[2]);
  if (!low || !high || !count) throw refuse(number_rule);
  if (!std::isfinite(*low) || !std::isfinite(*high)) throw refuse("needs finite ends of a range");
  if (*count < 2 || *count > most_values) throw refuse("needs between 2 and 1000000 values in a range");
  const bool log = parts.size() == 4;
  if (log && !(*low > 0 && *high > 0)) throw refuse("needs ends > 0 for a logarithmic range");
  std::vector<double> values;
  for (long i = 0; i < *count; ++i) {
    const double t = double(i) / double(*count - 1);
    values.push_back(log ? *low * std::pow(*high / *low, t) : *low + t * (*high - *low));
  }
  values.back() = *high;  // exactly, whatever the rounding
  return values;
}

}  // namespace

std::vector<std::string> words(const std::string& text, char separator) {
  std::vector<std::string> list(1);
  int depth = 0;
  for (char c : text) {
    depth += (c == '(') - (c == ')');
    if (c == separator && depth == 0) {
      list.emplace_back();
    } else if (c != ' ' || !list.back().empty()) {
      list.back() += c;
    }
  }
  for (std::string& word : list) word.erase(word.find_last_not_of(' ') + 1);
  return list;
}

std::vector<double> numbers(const std::string& key, const std::string& text) {
  std::vector<double> values;
  for (const std::string& word : words(text)) {
    if (word.find(':') != std::string::npos) {
      const auto more = range(key, word);
      values.insert(values.end(), more.begin(), more.end());
      if (std::ssize(values) > most_values)
        throw InvalidInput(key, word, "needs at most 1000000 values in all");
    } else if (const auto x = parsed<double>(word)) {
      values.push_back(*x);
    } else {
      throw InvalidInput(key, word.empty() ? text : word, number_rule);
    }
  }
  return values;
}

std::vector<long> whole_numbers(const std::string& key, const std::string& text, long least) {
  std::vector<long> values;
  for (double x : numbers(key, text)) {
    if (!(x >= double(least) && x <= 1e15) || x != std::floor(x))
      throw InvalidInput(key, fmt::format("{}", x),
                         fmt::format("needs whole numbers >= {}{}", least, x > 1e15 ? ", at most 1e15" : ""));
    values.push_back(long(x));
  }
  return values;
}

LengthLaw length_law(const std::string& text) {
  const auto refuse = [&] { return InvalidInput("length", text, length_rule); };
  const auto entries = words(text);
  const bool weighted = text.find(':') != std::string::npos;
  LengthLaw law;
  double total = 0;
  for (const std::string& entry : entries) {
    const auto parts = words(entry, ':');
    if (parts.size() != (weighted ? 2 : 1)) throw refuse();
    const auto tokens = parsed<int>(parts[0]);
    const auto weight = weighted ? parsed<double>(parts[1]) : 1.0 / double(entries.size());
    if (!tokens || *tokens < 1 || !weight || !(*weight > 0)) throw refuse();
    law.push_back({*tokens, *weight});
    total += *weight;
  }
  if (!(std::abs(total - 1) < 1e-9)) throw refuse();
  return law;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace quenched::apps
