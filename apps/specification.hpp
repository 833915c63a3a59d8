#pragma once
#include <map>
#include <string>
#include <vector>

#include "json.hpp"

namespace quenched::apps {

/// Parameters that vary together: one row of values per step. A swept parameter alone has rows of one value.
struct Axis {
  std::vector<std::string> names;
  std::vector<std::vector<Json>> rows;
};
using Specification = std::vector<Axis>;

/// What the user wrote, by parameter name; where a command has two ridges `ridge` stands for ridge_k and
/// ridge_v with equal values.
using Texts = std::map<std::string, std::string>;

/// The axes of the parameters in `used`, in the record's order, defaults filled in. The parameters of a zip
/// make one axis, in the place of the first of them: lists of one length that vary together. Throws
/// InvalidInput.
[[nodiscard]] Specification specification(const std::vector<std::string>& used, const Texts& texts,
                                          const std::vector<Texts>& zips = {});

/// The outer product, last axis fastest; `check` (a command's) sees every point, so that a wrong one stops
/// all.
[[nodiscard]] std::vector<Point> points(const Specification& specification,
                                        void (*check)(const Point& point) = nullptr);

}  // namespace quenched::apps
