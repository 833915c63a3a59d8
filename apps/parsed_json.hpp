#pragma once
#include "json.hpp"

namespace quenched::apps {

/// Records are not nested as deep; what is deeper would overflow the stack.
inline constexpr int deepest_json = 100;

/// What others wrote: `discarded` where it is no JSON, or nested deeper than deepest_json.
template <class Input>
Json parsed_json(Input&& in) {
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep |= depth > deepest_json;
    return !too_deep;
  };
  Json json = Json::parse(in, look, false);
  return too_deep ? Json(Json::value_t::discarded) : json;
}

}  // namespace quenched::apps
