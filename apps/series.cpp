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
  if (is_threshold(record)) return threshold_name(record, record.value("kind", ""));
  if (record.contains("branch"))
    return record.value("activation", "Bayes-optimal") + ", " +
           (record.contains("activation") ? "branch " : "") + record.value("branch", "");
  if (bayes_optimal(record)) return "Bayes-optimal";
  if (is_bayes_softmax(record)) return "Bayes-optimal = softmax";
  return record.value("activation", record.value("loss", "theory"));
}

/// Choices by name, of which a curve has one.
bool names_a_choice(const std::string& parameter) {
  return parameter == "activation" || parameter == "start" || parameter == "task" || parameter == "of" ||
         parameter == "teacher" || parameter == "loss" || parameter == "method";
}

/// What was given, not found.
Point given_in(const Record& record) {
  return point_of(record, is_threshold(record) ? "alpha" : found_parameter(record));
}

using Values = std::map<std::string, std::set<std::string>>;

Values values_of(const std::vector<Record>& records) {
  Values values;
  for (const Record& record : records) {
    const Point point = given_in(record);  // items() refers to it
    for (const auto& [name, value] : point.items())
      if (!is_tuned(record, name)) values[name].insert(value.dump());
  }
  return values;
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : fmt::format("{:g}", value.get<double>());
}

/// What tells the curves over axes.x apart.
std::string label_of(const Record& record, const Axes& axes, const Values& values) {
  std::string label = estimator(record);
  if (const std::string lacks = record.value("lacks", ""); axes.lacking && !lacks.empty())
    label += ": lacks " + lacks;
  const auto panels = words(axes.panels);
  const Point point = given_in(record);
  for (const auto& [name, value] : point.items()) {
    if (name == axes.x || std::ranges::find(panels, name) != panels.end() || name == "activation" ||
        name == "loss" || is_tuned(record, name) || values.at(name).size() < 2)
      continue;
    if (name == "ridge_v" && value == record.value("ridge_k", Json())) continue;  // said with r_k
    label += fmt::format(", {}{}", symbol(name).size() < 5 ? symbol(name) + " = " : "", text_of(value));
  }
  return label + (record.contains("ridge_optimum") ? ", tuned ridge" : "");
}

std::string panel_of(const Record& record, const Axes& axes) {
  std::string panel;
  for (const std::string& name : words(axes.panels))
    if (record.contains(name))
      panel += (panel.empty() ? "" : ", ") + symbol(name) + " = " + text_of(record[name]);
  return panel;
}

}  // namespace

bool is_threshold(const Record& record) { return record.contains("kind") && !record.contains("branch"); }

std::string threshold_name(const Record& record, const std::string& kind) {
  const std::string activation = record.value("activation", "");
  if (kind == "crossing") return activation + " = " + record.value("against", "");
  return activation.empty() ? kind : kind + ", " + activation;
}

std::string symbol(const std::string& name) {
  static const std::map<std::string, std::string> symbols = {
      {"alpha", "α"},     {"strength", "ρ"},  {"ridge", "r"},    {"signal", "ν"},
      {"noise", "Δ"},     {"length", "L"},    {"time", "t"},     {"learning_rate", "η"},
      {"ridge_k", "r_k"}, {"ridge_v", "r_v"}, {"dimension", "D"}};
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
      list.back()["uncertainty"] = record.at("standard_error");
    } else if (record.contains("simulation")) {  // beside the theory, in the same record
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
           (name == "time" && taken.size() == values.at(axes.x).size())))
        axes.x = name;
  }
  if (!records.empty()) axes.measure = records.front().value("measure", axes.measure);
  return axes;
}

std::vector<Curve> curves_over(const std::vector<Record>& records, const Axes& axes) {
  const Values values = values_of(records);
  std::vector<Curve> list;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& record = records[i];
    if (!std::isfinite(number_at(record, axes.x))) continue;
    const bool simulated = record.contains("seeds") || record["command"] == "simulate";
    const std::string panel = panel_of(record, axes), label = label_of(record, axes, values);
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
  const std::vector<Record> records = taken_apart(all).records;
  axes = axes_for(records, axes);
  const std::string quantity = axes.y == "excess_error" ? "test_error" : axes.y.substr(axes.y.rfind('.') + 1);
  std::vector<Series> list;
  for (const Curve& curve : curves_over(records, axes)) {
    Series line{curve.panel, curve.label, curve.simulated, {}};
    for (const std::size_t i : curve.records) {
      const Record& record = records[i];
      const double x = number_at(record, axes.x);
      double y = number_at(record, axes.y);
      if (std::isnan(y)) y = number_at(record, "order_parameters." + axes.y);
      if (!std::isfinite(y)) continue;
      const std::string verdict =
          record.contains("certificate") ? record["certificate"].value("verdict", "") : "";
      line.points.push_back({x, y, uncertainty_at(record, quantity),
                             number_at(record, "certificate.stability_eigenvalue"), drawn_as_trusted(record),
                             record.value("broken", false), verdict});
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
