#pragma once
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// After the records of one point at several dimensions, their extrapolation to D = infinity (dimension
/// "inf"): each quantity is fitted as a + b/D, weighted by its standard errors; `fit` holds chi-square and
/// its degrees of freedom. Groups of one dimension are left alone.
void append_extrapolations(std::vector<Record>& records);

}  // namespace quenched::apps
