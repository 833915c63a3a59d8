#pragma once
#include "command.hpp"
#include "specification.hpp"

namespace quenched::apps {

/// A command and what a user would type after it.
struct Request {
  const Command* command = nullptr;
  Texts parameters = {}, settings = {};
  std::vector<Texts> zips = {};
};

/// Throws InvalidInput.
[[nodiscard]] inline std::vector<Point> points_of(const Request& request) {
  return points(specification(request.command->parameters, request.parameters, request.zips),
                request.command->check);
}

}  // namespace quenched::apps
