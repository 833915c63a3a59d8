#include "series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <quenched/invalid_input.hpp>
#include <set>

#include "lists.hpp"
#include "parameters.hpp"

namespace quenched::apps {
namespace {

/// At infinite alpha softmax is Bayes-optimal: one curve.
bool is_bayes_softmax(const Record& record) {
  return record["command"] == "population" && record.value("activation", "") == "softmax" &&
         record.contains("bayes_risk");
}

/// A tuned ridge follows the other parameters: it makes no curve of its own.
bool is_tuned(const Record& record, const std::string& name) {
  return name.starts_with("ridge") && record.contains("ridge_optimum");
}

bool bayes_optimal(const Record& record) {
  return record["command"] == "bayes" || record.value("loss", "") == "bayes";
}

/// What was fitted, which names a curve.
std::string estimator(const Record& record) {
  if (is_threshold(record)) return name_of_threshold(record);
  if (record.contains("branch"))
    return (record.contains("activation") ? record.value("activation", "") + ", branch " : "") +
           record.value("branch", "") + (record.contains("activation") ? "" : " branch");
  if (record.contains("iteration"))
    return record.value("of", "") == "bayes" ? "Bayes-AMP" : "ERM-AMP, " + record.value("activation", "");
  if (bayes_optimal(record)) return "Bayes-optimal";
  if (is_bayes_softmax(record)) return "Bayes-optimal = softmax";
  return record.value("activation", record.value("loss", "theory"));
}

/// What a curve is about in the panel of one activation.
std::string role(const Record& record) {
  const std::string command = record.value("command", "");
  if (command == "simulate" || command == "erm") return command == "erm" ? "ERM" : "training";
  return command == "population" ? "population" : estimator(record);
}

/// Choices by name, of which a curve has one.
bool names_a_choice(const std::string& parameter) {
  return parameter == "activation" || parameter == "start" || parameter == "task" || parameter == "of" ||
         parameter == "teacher" || parameter == "loss" || parameter == "method" || parameter == "trainer" ||
         parameter == "tokens";
}

/// What was given, not found.
Point given_in(const Record& record) {
  return point_of(record, is_threshold(record) ? "alpha" : found_parameter(record));
}

using Values = std::map<std::string, std::set<std::string>>;

void add(Values& values, const Record& record) {
  const Point point = given_in(record);  // items() refers to it
  for (const auto& [name, value] : point.items())
    if (!is_tuned(record, name)) values[name].insert(value.dump());
}

Values values_of(const std::vector<Record>& records) {
  Values values;
  for (const Record& record : records) add(values, record);
  return values;
}

std::string text_of(const Json& value) {
  if (value == "inf") return "∞";
  return value.is_string() ? value.get<std::string>() : fmt::format("{:g}", value.get<double>());
}

/// One ridge stands for both where they are equal.
bool same_ridges(const Record& record) {
  return record.value("ridge_v", Json()) == record.value("ridge_k", Json(0));
}

/// ν = 1; of a task and what has a long name the value alone.
std::string named_value(const Record& record, const std::string& name, const Json& value) {
  const std::string shown = symbol(name == "ridge_k" && same_ridges(record) ? "ridge" : name);
  return (shown.size() < 5 ? shown + " = " : "") + text_of(value);
}

/// The words about curves over axes.x: what differs between them is said by a panel's title where the panel
/// has one value of it, else by the label.
class Naming {
 public:
  Naming(const std::vector<Record>& records, const Axes& axes)
      : axes_(axes),
        panels_(words(axes.panels)),
        values_(values_of(records)),
        beside_samples_(std::ranges::any_of(
            records, [](const Record& record) { return record["command"] != "population"; })) {
    for (const Record& record : records) {
      add(values_in_[panel_of(record)], record);
      starts_[record.value("command", "")].insert(record.value("start", ""));
    }
    for (const Record& record : records) {
      const std::string panel = panel_of(record);
      std::string& title = titles_.emplace(panel, panel).first->second;
      if (panel.empty()) continue;
      if (const std::string text = differences(record, false); title.size() < panel.size() + text.size())
        title = panel + text;  // the record with the most parameters
    }
  }

  [[nodiscard]] std::string title(const Record& record) const { return titles_.at(panel_of(record)); }
  [[nodiscard]] std::string label(const Record& record) const {
    std::string label = named_by_panel("activation") ? role(record) : estimator(record);
    if (record["command"] == "population" && beside_samples_) label += ", α = ∞";
    if (const std::string lacks = record.value("lacks", ""); axes_.lacking && !lacks.empty())
      label += ": lacks " + lacks;
    return label + differences(record, true) + (record.contains("ridge_optimum") ? ", tuned ridge" : "");
  }

 private:
  [[nodiscard]] bool named_by_panel(const std::string& name) const {
    return std::ranges::find(panels_, name) != panels_.end();
  }
  [[nodiscard]] std::string panel_of(const Record& record) const {
    std::string panel;
    for (const std::string& name : panels_)
      if (record.contains(name))
        panel += (panel.empty() ? "" : ", ") +
                 (name == "task" ? text_of(record[name]) : symbol(name) + " = " + text_of(record[name]));
    return panel;
  }
  [[nodiscard]] std::string differences(const Record& record, bool in_panel) const {
    std::string text;
    const Values& here = values_in_.at(panel_of(record));
    const Point point = given_in(record);
    for (const auto& [name, value] : point.items()) {
      if (name == axes_.x || named_by_panel(name) || name == "activation" || name == "loss" ||
          (name == "of" && record.contains("iteration")) || is_tuned(record, name) ||
          (name == "ridge_v" && same_ridges(record)) || values_.at(name).size() < 2 ||
          (name == "start" && starts_.at(record.value("command", "")).size() < 2) ||
          (here.at(name).size() > 1) != in_panel)
        continue;
      text += ", " + named_value(record, name, value);
    }
    return text;
  }

  const Axes& axes_;
  std::vector<std::string> panels_;
  Values values_;
  bool beside_samples_;                                  // what has an alpha
  std::map<std::string, std::set<std::string>> starts_;  // of a command
  std::map<std::string, Values> values_in_;
  std::map<std::string, std::string> titles_;
};

/// Panels are of parameters that the records have, and x is a number that they have.
void refuse_unknown(const std::vector<Record>& records, const Axes& axes) {
  std::vector<std::string> known, numbers;
  for (const Parameter& p : parameters()) {
    if (std::ranges::none_of(records, [&](const Record& record) { return record.contains(p.name); }))
      continue;
    known.push_back(p.name);
    if (!names_a_choice(p.name)) numbers.push_back(p.name);
  }
  auto panels = words(axes.panels);
  std::ranges::sort(panels);
  const bool twice = std::ranges::adjacent_find(panels) != panels.end();
  if (twice || (!axes.panels.empty() && !std::ranges::includes(std::set(known.begin(), known.end()), panels)))
    throw InvalidInput("panels", axes.panels,
                       fmt::format("needs one or more of {}, each once", fmt::join(known, ", ")));
  if (std::ranges::none_of(records, [&](const Record& r) { return std::isfinite(number_at(r, axes.x)); }))
    throw InvalidInput("x", axes.x,
                       fmt::format("needs numbers that the records have{}{}", numbers.empty() ? "" : ", as ",
                                   fmt::join(numbers, ", ")));
}

/// What does not depend on the parameter of the panels (Bayes-optimal learning on an activation) is in each.
std::vector<Record> in_every_panel(const std::vector<Record>& records, const std::string& name) {
  std::vector<Json> values;
  for (const Record& record : records)
    if (record.contains(name) && std::ranges::find(values, record[name]) == values.end())
      values.push_back(record[name]);
  std::vector<Record> all;
  for (const Record& record : records)
    for (const Json& value : record.contains(name) || values.empty() ? std::vector<Json>{nullptr} : values) {
      all.push_back(record);
      if (!value.is_null()) all.back()[name] = value;
    }
  return all;
}

}  // namespace

bool is_threshold(const Record& record) { return record.contains("kind") && !record.contains("branch"); }

std::string name_of_threshold(const Record& record) {
  static const std::map<std::string, std::string> names = {{"lower_spinodal", "lower spinodal"},
                                                           {"alpha_IT", "α_IT"},
                                                           {"upper_spinodal", "upper spinodal"},
                                                           {"stability", "stability line"}};
  const std::string kind = record.value("kind", "");
  const auto it = names.find(kind);
  return threshold_name(record, it == names.end() ? kind : it->second);
}

std::string threshold_name(const Record& record, const std::string& kind) {
  const std::string activation = record.value("activation", "");
  if (kind == "crossing") return activation + " = " + record.value("against", "");
  return activation.empty() ? kind : kind + ", " + activation;
}

std::string symbol(const std::string& name) {
  static const std::map<std::string, std::string> symbols = {
      {"alpha", "α"},         {"strength", "ρ"},  {"ridge", "r"},     {"signal", "ν"},
      {"noise", "Δ"},         {"length", "L"},    {"time", "t"},      {"iteration", "t"},
      {"learning_rate", "η"}, {"ridge_k", "r_k"}, {"ridge_v", "r_v"}, {"dimension", "D"}};
  const auto it = symbols.find(name);
  return it == symbols.end() ? name : it->second;
}

std::string axis_title(const std::string& name, const std::string& measure) {
  const std::map<std::string, std::string> titles = {
      {"test_error", "test error " + measure},
      {"excess_error", "excess of " + measure + " over the noise"},
      {"train_error", "training error"},
      {"alpha", "α = N/D"},
      {"signal", "signal strength ν"},
      {"strength", "signal strength ρ"},
      {"noise", "noise variance Δ"},
      {"length", "prompt length L"},
      {"ridge_k", "ridge r"},
      {"ridge", "ridge r"},
      {"time", "time t"},
      {"iteration", "iteration t"},
      {"learning_rate", "learning rate η"},
      {"sign_error", "sign error"},
      {"test_error_over_limit", "test error over its limit"},
      {"free_entropy", "free entropy φ"}};
  const auto it = titles.find(name);
  return it == titles.end() ? name : it->second;
}

TakenApart taken_apart(const std::vector<Record>& records) {
  TakenApart all;
  std::vector<Record>& list = all.records;
  const bool with_softmax = std::ranges::any_of(records, is_bayes_softmax);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    const auto part = [&](const char* command, const char* values) {
      Record half = point_of(record);
      half.update(record.at(values));
      half["command"] = command;
      return half;
    };
    if (record["command"] == "compare") {
      list.push_back(part("erm", "theory"));
      list.back()["certificate"] = record.at("certificate");
      list.push_back(part("simulate", "simulation"));
      list.back()["uncertainty"] = record.at("standard_error");  // of the difference: what the eye compares
    } else if (record.contains("simulation")) {                  // beside the theory, in the same record
      list.push_back(record);
      list.back().erase("dimension");
      list.push_back(part("simulate", "simulation"));
      list.back().erase("dimension");
    } else {
      list.push_back(record);
    }
    if (record.contains("bayes_risk") && !with_softmax) {
      Record bayes = point_of(record, "activation");
      bayes["command"] = "bayes";
      bayes["test_error"] = record["bayes_risk"];
      bayes["excess_error"] = record.contains("bayes_excess")
                                  ? record["bayes_excess"]
                                  : json_of(number_at(record, "bayes_risk") - number_at(record, "noise"));
      list.push_back(bayes);
    }
    all.sources.resize(list.size(), i);
  }
  return all;
}

std::vector<std::string> abscissas(const std::vector<Record>& records) {
  std::vector<std::string> names;
  for (const auto& [name, taken] : values_of(records))
    if (!names_a_choice(name) && taken.size() > 1) names.push_back(name);
  return names;
}

Axes axes_for(const std::vector<Record>& records, Axes axes) {
  const auto is_passage = [](const Record& r) { return found_parameter(r) == "time"; };
  if (axes.y == Axes().y && std::ranges::all_of(records, is_threshold)) axes.y = "alpha";
  if (axes.y == Axes().y && std::ranges::all_of(records, is_passage)) axes.y = "time";
  if (axes.x.empty()) {
    const Values values = values_of(records);
    axes.x = "alpha";
    for (const auto& [name, taken] : values)
      if (!names_a_choice(name) && name != "dimension" &&
          (!values.contains(axes.x) || taken.size() > values.at(axes.x).size() ||
           ((name == "time" || name == "iteration") && taken.size() == values.at(axes.x).size())))
        axes.x = name;
  }
  if (!records.empty()) axes.measure = records.front().value("measure", axes.measure);
  return axes;
}

std::vector<Threshold> thresholds(std::vector<Record>& records, Axes& axes) {
  const auto is_curve = [](const Record& record) { return record.contains("branch"); };
  std::vector<Threshold> found;
  if ((axes.x != "alpha" && !axes.x.empty()) || std::ranges::none_of(records, is_curve)) return found;
  std::erase_if(records, [&](const Record& record) {
    const double alpha = number_at(record, "alpha");
    if (!is_threshold(record) || std::isnan(alpha)) return false;
    const std::string kind = record.value("kind", "");
    found.push_back({kind, name_of_threshold(record), alpha, number_at(record, "uncertainty")});
    return true;
  });
  if (!found.empty()) axes.x = "alpha";
  return found;
}

std::vector<Curve> curves_over(const std::vector<Record>& records, const Axes& axes) {
  const Naming naming(records, axes);
  std::vector<Curve> list;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    if (!std::isfinite(number_at(record, axes.x))) continue;
    const bool simulated = record.contains("seeds") || record["command"] == "simulate";
    const std::string panel = naming.title(record), label = naming.label(record);
    auto it = std::ranges::find_if(list, [&](const Curve& c) {
      return c.panel == panel && c.label == label && c.simulated == simulated;
    });
    if (it == list.end()) it = list.insert(list.end(), {panel, label, simulated, {}});
    it->records.push_back(i);
  }
  for (Curve& curve : list)
    std::ranges::stable_sort(curve.records, {}, [&](std::size_t i) { return number_at(records[i], axes.x); });
  return list;
}

bool drawn_as_trusted(const Record& record) {
  const std::string verdict =
      record.contains("certificate") ? record["certificate"].value("verdict", "") : "";
  return (verdict.empty() || verdict == "trusted") && record.value("branch", "") != "unstable";
}

std::vector<Series> series(const std::vector<Record>& all, Axes& axes) {
  std::vector<Record> records = taken_apart(all).records;
  axes = axes_for(records, axes);
  refuse_unknown(records, axes);
  for (const std::string& name : words(axes.panels)) records = in_every_panel(records, name);
  const std::string quantity = axes.y == "excess_error" ? "test_error" : axes.y.substr(axes.y.rfind('.') + 1);
  std::vector<Series> list;
  for (const Curve& curve : curves_over(records, axes)) {
    Series line{curve.panel, curve.label, curve.simulated, {}};
    for (const std::size_t i : curve.records) {
      const Record& record = records[i];
      const double x = number_at(record, axes.x);
      const auto value = [&](const std::string& of) {
        const double y = number_at(record, of + axes.y);
        return std::isnan(y) ? number_at(record, of + "order_parameters." + axes.y) : y;
      };
      const double y = value("");
      if (!std::isfinite(y)) continue;
      const bool broken = record.value("broken", false);
      const std::string verdict =
          record.contains("certificate") ? record["certificate"].value("verdict", "") : "";
      line.points.push_back({x, y, uncertainty_at(record, quantity),
                             number_at(record, "certificate.stability_eigenvalue"), drawn_as_trusted(record),
                             broken, broken ? value("replica_symmetric.") : y, verdict});
    }
    // the Bayes risk comes once with every activation
    const auto same = [](const PlottedPoint& a, const PlottedPoint& b) { return a.x == b.x && a.y == b.y; };
    line.points.erase(std::unique(line.points.begin(), line.points.end(), same), line.points.end());
    if (!line.points.empty()) list.push_back(std::move(line));
  }
  if (list.empty())
    throw InvalidInput(
        "y", axes.y, fmt::format("needs a quantity that the records have, with numbers for --x {}", axes.x));
  return list;
}

}  // namespace quenched::apps
