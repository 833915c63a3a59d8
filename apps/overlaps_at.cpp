#include "overlaps_at.hpp"

#include <algorithm>
#include <quenched/invalid_input.hpp>
#include <set>

#include "lists.hpp"

namespace quenched::apps {

Overlaps overlaps_at(const std::string& text) {
  const auto refuse = [&](const char* rule) { return InvalidInput("at", text, rule); };
  Overlaps overlaps{.m_k = NAN, .q_k = NAN, .m_v = NAN, .q_v = NAN};
  std::set<std::string> given;
  for (const std::string& word : words(text)) {
    const auto parts = words(word, '=');
    const auto* name =
        std::ranges::find(overlap_names, parts[0], [](const OverlapName& o) { return std::string(o.name); });
    if (parts.size() != 2 || name == std::end(overlap_names))
      throw refuse("needs m_k=1,q_k=2,m_v=1,q_v=1.2 and, if wanted, m_kv=, m_vk=, q_kv=");
    const auto value = numbers("at", parts[1]);
    if (value.size() != 1 || !std::isfinite(value[0])) throw refuse("needs finite numbers");
    if (!given.insert(name->name).second) throw refuse("needs each overlap once");
    overlaps.*name->value = value[0];
  }
  for (const double needed : {overlaps.m_k, overlaps.q_k, overlaps.m_v, overlaps.q_v})
    if (std::isnan(needed)) throw refuse("needs m_k, q_k, m_v and q_v");
  try {
    check(overlaps);
  } catch (const InvalidInput& e) {  // an overlap that cannot be: its flag is --at
    throw InvalidInput("at", e.key() + "=" + e.value(), e.rule());
  }
  return overlaps;
}

Json json_of(const Overlaps& overlaps) {
  Json json;
  for (const auto& [name, value] : overlap_names) json[name] = json_of(overlaps.*value);
  return json;
}

}  // namespace quenched::apps
