#pragma once
#include <functional>
#include <quenched/batch.hpp>

namespace quenched {

/// phi, phi' and phi'' at every entry of an array, each times exp(scale) (empty: 0), which keeps values
/// beyond the range of a double.
struct Curve {
  Batch value, first, second;
  Batch scale = {};
};
using CurveOf = std::function<Curve(const Batch& x)>;

}  // namespace quenched
