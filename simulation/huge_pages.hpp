#pragma once
#include <cstddef>

namespace quenched {

/// Asks for pages of 2 MiB, before the first write: a pass over small ones waits for their addresses. Only a
/// wish: where it is not granted nothing changes but the time.
void in_huge_pages(void* begin, std::size_t bytes);

}  // namespace quenched
