#pragma once
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// The standard normal number of the same probability as Student's t with these degrees of freedom.
[[nodiscard]] double normal_of(double t, int degrees);

/// A deviation in standard errors as tables show it; null where there is none.
[[nodiscard]] Json shown_deviation(const Json& z);

/// A simulated run that goes into the record of its theory.
struct BesideTheory {
  int dimension, seeds;
  Record mean;           // test_error, order_parameters
  Json standard_error;   // flat, of the same
  double theory_errors;  // how many standard errors the theory states as its uncertainty
};

/// Sets `dimension`, `simulation` and `z`, deviations in standard errors of both, from Student's t of the
/// seeds to the normal number of the same probability.
void put_beside(Record& record, const BesideTheory& run);

/// Theory, and beneath it the simulation and the deviations; the record itself where nothing was simulated.
[[nodiscard]] std::vector<Record> rows_beside(const Record& record);

}  // namespace quenched::apps
