#pragma once
#include <optional>

namespace quenched {

/// Bytes that may be taken: 90 % of what Linux says is available, empty where it does not say. Throws
/// OutOfMemory, which names what to lower, if fewer than the bytes needed by a seed.
[[nodiscard]] std::optional<double> free_memory(double needed, int dimension, double alpha);

}  // namespace quenched
