#include "parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <quenched/activation.hpp>
#include <quenched/dynamics.hpp>
#include <quenched/invalid_input.hpp>
#include <quenched/loss.hpp>
#include <quenched/sampler.hpp>
#include <quenched/trainer.hpp>

#include "lists.hpp"

namespace quenched::apps {
namespace {

using Parse = std::function<std::vector<Json>(const std::string&)>;

Parse number(const std::string& name, bool (*allowed)(double), const std::string& rule) {
  return [=](const std::string& text) {
    std::vector<Json> values;
    for (double x : numbers(name, text)) {
      if (!allowed(x)) throw InvalidInput(name, fmt::format("{}", x), rule);
      values.push_back(json_of_parameter(x));
    }
    return values;
  };
}

/// The word `optimal` (tuned to the least test error), or what `fixed` takes.
Parse or_optimal(const Parse& fixed) {
  return
      [fixed](const std::string& text) { return text == "optimal" ? std::vector<Json>{text} : fixed(text); };
}

/// Names that make() knows, checked here so that nothing is computed before a later entry is refused.
Parse checked(void (*make)(const std::string&)) {
  return [=](const std::string& text) {
    std::vector<Json> values;
    for (const std::string& word : words(text)) {
      make(word);
      values.push_back(word);
    }
    return values;
  };
}

/// Names that only the point as a whole can judge: its check does.
std::vector<Json> listed(const std::string& text) {
  const std::vector<std::string> names = words(text);
  return {names.begin(), names.end()};
}

/// informed, uninformed, random, small; those of training with |k|^2/D = |v|^2/D as random:0.25.
std::vector<Json> starts(const std::string& text) {
  const std::vector<std::string> known = {"informed", "uninformed", "random", "small"};
  if (text == "both") return {"informed", "uninformed"};
  std::vector<Json> values;
  for (const std::string& word : words(text)) {
    const auto parts = words(word, ':');
    const auto size = parts.size() == 2 ? numbers("start", parts[1]) : std::vector<double>{1};
    if (parts.empty() || parts.size() > 2 || std::ranges::find(known, parts[0]) == known.end() ||
        size.size() != 1 || !(size[0] > 0 && std::isfinite(size[0])))
      throw InvalidInput(
          "start", word,
          "needs one of informed, uninformed, both, random, small, or with |k|^2/D = |v|^2/D as "
          "random:0.25");
    values.push_back(fmt::format("{}", fmt::join(parts, ":")));
  }
  return values;
}

std::vector<Json> thresholds_of(const std::string& text) {
  std::vector<Json> values;
  for (const std::string& word : words(text)) {
    if (word != "bayes" && word != "erm" && word != "crossing")
      throw InvalidInput("of", word, "needs one of bayes, erm, crossing");
    values.push_back(word);
  }
  return values;
}

/// `2;3;1,2,3` is a sweep of three laws, `2:10:9` of nine fixed lengths; `1,2,3` is one law.
std::vector<Json> lengths(const std::string& text) {
  std::vector<Json> values;
  for (std::string law : words(text, ';')) {
    if (words(law, ':').size() > 2 && law.find(',') == std::string::npos) {
      for (long tokens : whole_numbers("length", law, 1)) values.push_back(tokens);
    } else {
      const LengthLaw parsed = length_law(law);
      std::erase(law, ' ');
      values.push_back(parsed.size() == 1 ? Json(parsed[0].tokens) : Json(law));
    }
  }
  return values;
}

std::vector<Json> dimensions(const std::string& text) {
  const auto list = whole_numbers("dimension", text, 2);
  constexpr long most = 1'000'000'000;
  for (const long D : list)
    if (D > most)
      throw InvalidInput("dimension", fmt::format("{}", D), fmt::format("needs at most {}", most));
  return {list.begin(), list.end()};
}

}  // namespace

std::string flag_of(std::string name) {
  std::ranges::replace(name, '_', '-');
  return "--" + name;
}

const std::vector<Parameter>& parameters() {
  const auto positive = [](double x) { return std::isfinite(x) && x > 0; };
  const auto not_negative = [](double x) { return std::isfinite(x) && x >= 0; };
  const auto signal = [](double x) { return x >= 0; };
  const auto ridge = "needs finite numbers > 0";
  static const std::vector<Parameter> table = {
      {"of", "bayes", "bayes, erm or crossing; lists are swept", thresholds_of},
      {"task", "spiked", "spiked or max; lists are swept",
       checked([](const std::string& name) { static_cast<void>(make_task(name, 1)); })},
      {"length", "2",
       "prompt length L: 2; 1,2,3 (uniform on the list); 1:0.2,3:0.8 (weights); 2;3;1,2,3 (three laws)",
       lengths},
      {"teacher", "linear",
       "linear, linear-laplace, linear-student-t:3, sign:0.1 (flips), logistic, probit; lists are swept",
       listed},
      {"strength", "1", "rho = |k*|^2/D > 0", number("strength", positive, "needs finite numbers > 0")},
      {"signal", "2", "signal strength nu >= 0; inf for max",
       number("signal", signal, "needs numbers >= 0 (inf for task max)")},
      {"noise", "0", "VARIANCE Delta >= 0 of the label noise",
       number("noise", not_negative, "needs finite variances >= 0")},
      {"alpha", "4", "samples per dimension N/D: 4; 1,2,4; 0.5:20:40; 0.5:20:40:log",
       number("alpha", positive, "needs finite numbers > 0")},
      {"activation", "softmax", "activations, see `quenched activations`",
       checked([](const std::string& name) { static_cast<void>(make_activation(name)); })},
      {"loss", "square",
       "square, absolute, huber:1, logistic, hinge, exponential, or bayes: the posterior mean",
       checked([](const std::string& name) {
         if (name != "bayes") static_cast<void>(make_loss(name));
       })},
      {"ridge", "0.1",
       "ridge > 0: the penalty is ridge |k|^2/2, and the same of v; optimal tunes to the least test error",
       or_optimal(number("ridge", not_negative, "needs finite numbers > 0 (glm takes 0 too)"))},
      {"method", "sgd", "sgd (one pass), flow (learning rate -> 0), preconditioned-flow; lists are swept",
       checked([](const std::string& name) { static_cast<void>(descent_named(name)); })},
      {"learning_rate", "0.5", "learning rate > 0 of sgd; lists are swept",
       number("learning_rate", positive, ridge)},
      {"ridge_k", "", "ridge on k alone", number("ridge_k", positive, ridge)},
      {"ridge_v", "", "ridge on v alone", number("ridge_v", positive, ridge)},
      {"start", "informed",
       "informed, uninformed or both; training also random, small, and |k|^2/D = |v|^2/D as random:0.25",
       starts},
      {"parisi", "optimal",
       "Parisi parameter Y > 0 of one-step replica-symmetry breaking; optimal: where phi(Y) is largest",
       or_optimal(number("parisi", positive, ridge))},
      {"trainer", "l-bfgs",
       "l-bfgs, gradient-descent, preconditioned-descent, adam, sgd; with a learning rate as sgd:0.2; lists "
       "are "
       "swept",
       checked([](const std::string& name) { static_cast<void>(trainer_named(name)); })},
      {"tokens", "gaussian",
       "law of the tokens' entries: gaussian, rademacher, uniform, student-t:5; lists are swept",
       checked([](const std::string& name) { static_cast<void>(token_law(name)); })},
      {"time", "1", "a flag of dynamics, which gives a record a time", number("time", not_negative, ridge)},
      {"iteration", "1", "amp gives a record an iteration", number("iteration", positive, ridge)},
      {"dimension", "1000", "D of the simulated samples; a list is extrapolated to infinity", dimensions},
  };
  return table;
}

Point point_of(const Record& record, const std::string& left_out) {
  Point point = Point::object();
  for (const Parameter& p : parameters())
    if (p.name != left_out && record.contains(p.name)) point[p.name] = record[p.name];
  return point;
}

const Parameter& parameter(const std::string& name) {
  return *std::ranges::find(parameters(), name, &Parameter::name);
}

}  // namespace quenched::apps
