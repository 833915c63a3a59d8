#pragma once
#include "json.hpp"

namespace quenched::apps {

/// What others wrote: `discarded` where it is no JSON, or nested deeper than records are (to copy it would
/// overflow the stack).
template <class Input>
Json parsed_json(Input&& in) {
  constexpr int deepest = 100;
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t, const Json&) {
    too_deep |= depth > deepest;
    return !too_deep;
  };
  Json json = Json::parse(in, look, false);
  return too_deep ? Json(Json::value_t::discarded) : json;
}

}  // namespace quenched::apps
