#pragma once
#include <functional>
#include <quenched/batch.hpp>

namespace quenched {

/// f for a block of at most 64 points: x is points x dimension, f points x outputs, both given by the caller.
/// Called from several threads at once.
using Integrand = std::function<void(const Batch& x, Batch& f)>;

}  // namespace quenched
