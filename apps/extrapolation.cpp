#include "extrapolation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parameters.hpp"

namespace quenched::apps {
namespace {

struct Intercept {
  double value, error, chi_square;
};

/// Weighted least squares of y = a + b/D: a, its error, and sum (y - a - b/D)^2/error^2.
Intercept intercept(const std::vector<Record>& records, const std::string& value, const std::string& error) {
  double s = 0, sx = 0, sxx = 0, sy = 0, sxy = 0, syy = 0;
  for (const Record& record : records) {
    const double x = 1 / number_at(record, "dimension"), y = number_at(record, value);
    const double w = std::pow(number_at(record, error), -2);
    s += w, sx += w * x, sxx += w * x * x, sy += w * y, sxy += w * x * y, syy += w * y * y;
  }
  const double determinant = s * sxx - sx * sx;
  const double a = (sxx * sy - sx * sxy) / determinant, b = (s * sxy - sx * sy) / determinant;
  const double chi_square = syy - a * sy - b * sxy;
  return {a, std::sqrt(sxx / determinant), chi_square < 0 ? 0 : chi_square};  // below 0 by rounding alone
}

Record extrapolated(const std::vector<Record>& records) {
  Record record = point_of(records.front());
  record["dimension"] = "inf";
  record["samples"] = nullptr;  // infinitely many
  record["seeds"] = records.front().at("seeds");
  record["seeds_converged"] = std::ranges::min_element(records, {}, [](const Record& r) {
                                return r["seeds_converged"].get<int>();
                              })->at("seeds_converged");
  Json overlaps = Json::object(), uncertainty = Json::object(), chi_square = Json::object();
  for (const auto& [name, unused] : records.front().at("uncertainty").items()) {
    const bool top = records.front().contains(name);
    const Intercept a = intercept(records, top ? name : "order_parameters." + name, "uncertainty." + name);
    (top ? record : overlaps)[name] = json_of(a.value);
    uncertainty[name] = json_of(a.error);
    chi_square[name] = json_of(a.chi_square);
    if (name == "test_error") record["excess_error"] = json_of(a.value - number_at(record, "noise"));
  }
  record["order_parameters"] = overlaps;
  record["uncertainty"] = uncertainty;
  const std::size_t degrees = records.size() - 2;
  record["fit"] = {{"degrees_of_freedom", degrees}, {"chi_square", chi_square}};
  if (degrees > 0) {
    std::vector<std::string> said;
    for (const char* name : {"test_error", "train_error", "m_k", "q_k", "m_v", "q_v"})
      if (const double found = number_at(chi_square, name); std::isfinite(found))
        said.push_back(fmt::format("{:.1f} ({})", found, name));
    record["remark"] = fmt::format("The fit a + b/D has chi-square {} at {} degree{} of freedom.",
                                   fmt::join(said, ", "), degrees, degrees == 1 ? "" : "s");
  }
  record["command"] = records.front().at("command");
  return record;
}

}  // namespace

void append_extrapolations(std::vector<Record>& records) {
  std::vector<Record> all;
  // `dimension` is the fastest parameter: the records of a point follow each other
  for (auto first = records.begin(); first != records.end();) {
    const Point point = point_of(*first, "dimension");
    const auto last = std::find_if(first, records.end(),
                                   [&](const Record& r) { return point_of(r, "dimension") != point; });
    all.insert(all.end(), first, last);
    const auto same = [&](const Record& r) { return r["dimension"] == (*first)["dimension"]; };
    if (!std::all_of(first, last, same)) all.push_back(extrapolated({first, last}));
    first = last;
  }
  records = std::move(all);
}

}  // namespace quenched::apps
