#include "extrapolation.hpp"

#include <algorithm>

#include "parameters.hpp"

namespace quenched::apps {
namespace {

struct Intercept {
  double value, error;
};

/// Weighted least squares of y = a + b/D at 1/D = 0.
Intercept intercept(const std::vector<Record>& records, const std::string& value, const std::string& error) {
  double s = 0, sx = 0, sxx = 0, sy = 0, sxy = 0;
  for (const Record& record : records) {
    const double x = 1 / number_at(record, "dimension"), y = number_at(record, value);
    const double w = std::pow(number_at(record, error), -2);
    s += w, sx += w * x, sxx += w * x * x, sy += w * y, sxy += w * x * y;
  }
  const double determinant = s * sxx - sx * sx;
  return {(sxx * sy - sx * sxy) / determinant, std::sqrt(sxx / determinant)};
}

Record extrapolated(const std::vector<Record>& records) {
  Record record = point_of(records.front());
  record["dimension"] = "inf";
  record["samples"] = nullptr;  // infinitely many
  record["seeds"] = records.front().at("seeds");
  record["seeds_converged"] = std::ranges::min_element(records, {}, [](const Record& r) {
                                return r["seeds_converged"].get<int>();
                              })->at("seeds_converged");
  Json overlaps = Json::object(), uncertainty = Json::object();
  for (const auto& [name, unused] : records.front().at("uncertainty").items()) {
    const bool top = records.front().contains(name);
    const Intercept a = intercept(records, top ? name : "order_parameters." + name, "uncertainty." + name);
    (top ? record : overlaps)[name] = json_of(a.value);
    uncertainty[name] = json_of(a.error);
    if (name == "test_error") record["excess_error"] = json_of(a.value - number_at(record, "noise"));
  }
  record["order_parameters"] = overlaps;
  record["uncertainty"] = uncertainty;
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
