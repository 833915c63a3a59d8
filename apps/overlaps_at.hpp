#pragma once
#include <quenched/overlaps.hpp>

#include "json.hpp"

namespace quenched::apps {

/// The overlaps of `--at`, by name: `m_k=1,q_k=2,m_v=1,q_v=1.2`, the cross ones 0 if absent. Throws
/// InvalidInput (key `at`) for what is malformed or impossible.
[[nodiscard]] Overlaps overlaps_at(const std::string& text);

[[nodiscard]] Json json_of(const Overlaps& overlaps);

}  // namespace quenched::apps
