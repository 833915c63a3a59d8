#include "beside.hpp"

#include <fmt/format.h>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace quenched::apps {

/// Within double: long doubles, which are doubles under valgrind, would overflow there.
using Plain = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

double normal_of(double t, int degrees) {
  if (!std::isfinite(t) || degrees < 1) return t;
  const double tail =
      cdf(complement(boost::math::students_t_distribution<double, Plain>(degrees), std::abs(t)));
  if (!(tail > 1e-300)) return t;
  return std::copysign(quantile(complement(boost::math::normal_distribution<double, Plain>(), tail)), t);
}

Json shown_deviation(const Json& z) {
  if (z.is_null()) return z;
  return fmt::format("{:+.1f}", number_of(z));
}

void put_beside(Record& record, const BesideTheory& run) {
  Json z = Json::object();
  for (const auto& [name, error] : run.standard_error.items()) {
    const std::string at = (record.at("order_parameters").contains(name) ? "order_parameters." : "") + name;
    // Some figures are the same for every seed: then the rounding of float32 data is the error.
    const double theory = number_at(record, at), rounding = 1e-9 * (1 + std::abs(theory));
    const double errors =
        std::hypot(number_of(error), number_at(record, "uncertainty." + name) / run.theory_errors, rounding);
    z[name] = json_of(normal_of((number_at(run.mean, at) - theory) / errors, run.seeds - 1));
  }
  const double test_error = number_at(run.mean, "test_error");
  Record simulation = {{"seeds", run.seeds},
                       {"test_error", json_of(test_error)},
                       {"excess_error", json_of(test_error - number_at(record, "noise"))}};
  simulation["order_parameters"] = run.mean.at("order_parameters");
  simulation["uncertainty"] = run.standard_error;
  record["dimension"] = run.dimension;
  record["simulation"] = simulation;
  record["z"] = z;
}

std::vector<Record> rows_beside(const Record& record) {
  if (!record.contains("simulation")) return {record};
  Record theory = record, simulation = record, z = record;
  theory["by"] = "theory", simulation["by"] = "simulation", z["by"] = "z";
  for (Record* row : {&simulation, &z})
    for (const char* name : {"certificate", "largest_cross_overlap", "on_manifold"}) row->erase(name);
  simulation.update(record["simulation"]);
  for (const auto& [name, deviation] : record["z"].items()) {
    Json& cell = record["order_parameters"].contains(name) ? z["order_parameters"][name] : z[name];
    cell = shown_deviation(deviation);
  }
  return {theory, simulation, z};
}

}  // namespace quenched::apps
