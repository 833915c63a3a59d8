#pragma once
#include <functional>

namespace quenched {

/// Calls work(i) for i = 0..count-1 on up to `threads` threads (0: all cores). Which thread takes which i is
/// not fixed, so each i must write to its own place; the first exception is rethrown after all threads end.
void parallel_for(int count, int threads, const std::function<void(int)>& work);

/// The number of threads that `threads` asks for: itself, or all cores when 0.
[[nodiscard]] int thread_count(int threads);

}  // namespace quenched
