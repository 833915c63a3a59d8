#pragma once
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// What the page of apps/report/ shows: the records, taken apart into theory and simulation, their curves
/// over each parameter that varies, the phase diagram where they are one, and the command that gives each
/// again.
[[nodiscard]] Json report_data(const std::vector<Record>& records, const std::vector<std::string>& files);

/// The page with its data: HTML that needs no other file and no network. Whatever the records hold stays
/// text. Throws std::runtime_error in a program that was built without the page.
[[nodiscard]] std::string report_html(const Json& data);

}  // namespace quenched::apps
