#pragma once
#include "json.hpp"

#include <string>
#include <vector>

namespace quenched::apps {

enum class Better { lower, higher };

/// Where the informed and uninformed starts of one point end apart, beyond their uncertainties, the one with the
/// worse `potential` (energy, free_entropy) is metastable.
void mark_metastable(std::vector<Record>& records, const std::string& potential, Better better);

}  // namespace quenched::apps
