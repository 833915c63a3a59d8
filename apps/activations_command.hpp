#pragma once
#include <string>

namespace quenched::apps {

/// The activations with formula, properties and source.
[[nodiscard]] std::string activations_text(const std::string& format);

}  // namespace quenched::apps
