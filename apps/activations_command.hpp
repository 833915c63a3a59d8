#pragma once
#include <string>
#include <vector>

namespace quenched::apps {

/// The activations with formula, properties and source: these, or all. What depends on the formula is null.
[[nodiscard]] std::string activations_text(const std::vector<std::string>& names, const std::string& format);

}  // namespace quenched::apps
