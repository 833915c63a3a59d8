#include <fmt/format.h>

#include <algorithm>

#include "parameters.hpp"
#include "print.hpp"

namespace quenched::apps {
namespace {

const Json* field(const Record& record, const std::string& dotted) {
  const auto dot = dotted.find('.');
  const auto it = record.find(dotted.substr(0, dot));
  if (it == record.end()) return nullptr;
  return dot == std::string::npos ? &*it : field(*it, dotted.substr(dot + 1));
}

std::string leaf(const std::string& dotted) { return dotted.substr(dotted.rfind('.') + 1); }

std::string shown(const Record& record, const std::string& column) {
  const Json* value = field(record, column);
  if (!value || value->is_null()) return "-";
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_number_float()) return value->dump();
  const std::string name = leaf(column);
  const double error = name == "stability_eigenvalue" ? number_at(record, "certificate.stability_error")
                       : name == "inside_eigenvalue"  ? number_at(record, "certificate.inside_error")
                       : name == "between_eigenvalue" ? number_at(record, "certificate.between_error")
                       : name == "excess_error" && std::isnan(uncertainty_at(record, name))
                           ? number_at(record, "uncertainty.test_error")
                           : uncertainty_at(record, name);
  return std::isnan(error) ? fmt::format("{:.5g}", value->get<double>())
                           : with_uncertainty(value->get<double>(), error);
}

/// One column where both ridges are the same.
void join_ridges(std::vector<Record>& records) {
  if (!std::ranges::all_of(records,
                           [](const Record& r) { return r.value("ridge_k", 0.) == r.value("ridge_v", 1.); }))
    return;
  for (Record& record : records) {
    record["ridge"] = record["ridge_k"];
    record.erase("ridge_k");
    record.erase("ridge_v");
  }
}

auto result_of(const std::string& name) {
  return [name](const Record& r) { return found_parameter(r) == name; };
}

/// "task spiked, length 2, noise 0": the parameters that do not vary; those that do go to `varying`.
std::string shared(const std::vector<Record>& records, std::vector<std::string>& varying) {
  std::string line;
  for (const Parameter& p : parameters()) {
    if (!records.front().contains(p.name) || std::ranges::any_of(records, result_of(p.name))) continue;
    const auto same = [&](const Record& r) { return r.value(p.name, Json()) == records.front()[p.name]; };
    if (std::ranges::all_of(records, same)) {
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", p.name, shown(records.front(), p.name));
    } else {
      varying.push_back(p.name);
    }
  }
  return line;
}

std::string grid(const std::vector<std::vector<std::string>>& cells) {
  std::vector<std::size_t> widths(cells.front().size());
  for (const auto& row : cells)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

/// Two digits of a number that is not small: 0.38, 2345, 4.2e14.
std::string brief(double x) {
  if (std::abs(x) < 100) return fmt::format("{:.2g}", x);
  if (std::abs(x) < 1e6) return fmt::format("{:.0f}", x);
  const double power = std::floor(std::log10(std::abs(x)));
  return fmt::format("{:.2g}e{:.0f}", x * std::pow(10, -power), power);
}

}  // namespace

std::string with_uncertainty(double value, double error) {
  if (!std::isfinite(value)) return "-";
  if (!(error > 0) || !std::isfinite(error)) return fmt::format("{:.6g}", value);
  const double largest = std::max(std::abs(value), error);
  const double unit = largest >= 1e6 ? std::pow(10, std::floor(std::log10(largest))) : 1;
  if (error >= 1 && std::abs(value) < unit / 2 && std::abs(value) > 1e-5) {  // its digits would all be lost
    const double digit = std::pow(10, std::floor(std::log10(error)));
    return brief(value) + " +- " + brief(std::ceil(error / digit - 1e-9) * digit);
  }
  if (largest >= 1e6 || (std::abs(value) < 1e-5 && error < std::abs(value))) {
    const double power = std::floor(std::log10(largest)), scale = std::pow(10, -power);
    return with_uncertainty(value * scale, error * scale) + fmt::format("e{:.0f}", power);
  }
  if (error >= 1) return fmt::format("{:.0f}({:.0f})", value, std::ceil(error - 1e-9));
  int decimals = int(std::ceil(-std::log10(error) - 1e-9));
  double digit = std::ceil(error * std::pow(10, decimals) - 1e-9);
  if (digit == 10 && decimals > 0) --decimals, digit = 1;
  if (decimals > 12) return fmt::format("{:.12g}", value);
  return fmt::format("{:.{}f}({:.0f})", value, decimals, digit);
}

std::string table_text(const std::vector<Record>& records, const Command& command) {
  if (records.empty()) return "no records\n";
  std::vector<Record> rows;
  for (const Record& record : records) {
    const auto more = command.rows ? command.rows(record) : std::vector<Record>{record};
    rows.insert(rows.end(), more.begin(), more.end());
  }
  join_ridges(rows);
  std::vector<std::string> columns;
  const std::string heading = shared(rows, columns);
  for (const std::string& column : command.columns)
    if (std::ranges::find(columns, column) == columns.end() &&
        std::ranges::any_of(rows, [&](const Record& r) { return shown(r, column) != "-"; }))
      columns.push_back(column);

  std::vector<std::vector<std::string>> cells(1);
  for (const std::string& column : columns) cells[0].push_back(leaf(column));
  for (const Record& row : rows) {
    cells.emplace_back();
    for (const std::string& column : columns) cells.back().push_back(shown(row, column));
  }
  std::string text = (heading.empty() ? "" : heading + "\n\n") + grid(cells), advice;
  std::string last;  // a record of several rows is advised once
  for (const Record& row : rows) {
    if (trusted(row)) continue;
    const Point point = point_of(row);
    std::string line;
    for (const std::string& name : columns)
      if (point.contains(name) && !result_of(name)(row))
        line += fmt::format("{} {}, ", name, shown(row, name));
    const Json certificate = row.value("certificate", Json());
    line += certificate.is_null() || certificate["verdict"] == "trusted"
                ? fmt::format("only {} of {} seeds converged\n", row["seeds_converged"].dump(),
                              row["seeds"].dump())
                : fmt::format("{}: {}\n", certificate["verdict"].get<std::string>(),
                              certificate["advice"].get<std::string>());
    if (line != last) advice += line;
    last = line;
  }
  std::vector<std::string> remarks;
  for (const Record& row : rows) {
    const std::string remark = row.value("remark", "");
    if (remark.empty() || std::ranges::find(remarks, remark) != remarks.end()) continue;
    remarks.push_back(remark);
    advice += remark + '\n';
  }
  return advice.empty() ? text : text + '\n' + advice;
}

}  // namespace quenched::apps
