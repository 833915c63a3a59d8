#include "figure.hpp"

#include <quenched/invalid_input.hpp>

namespace quenched::apps {

const std::vector<const Figure*>& figures() {
  static const std::vector<const Figure*> list = {&glm_limits_figure};
  return list;
}

const Figure& figure_named(const std::string& name) {
  std::string known;
  for (const Figure* figure : figures()) {
    if (figure->name == name) return *figure;
    known += (known.empty() ? "" : ", ") + figure->name;
  }
  throw InvalidInput("FIGURE", name, "needs one of " + known);
}

}  // namespace quenched::apps
