#pragma once
#include "json.hpp"

#include <string>
#include <vector>

namespace quenched::apps {

/// Where the informed and uninformed starts of one point end apart, beyond their uncertainties, the one with the
/// higher energy is metastable.
void mark_metastable(std::vector<Record>& records);

}  // namespace quenched::apps
