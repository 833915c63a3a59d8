// Numbers, ranges, words and length laws, as texts of the user.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <quenched/invalid_input.hpp>

#include "lists.hpp"

namespace {
/// The text is read or refused, by InvalidInput alone.
template <class Read>
void try_to(const Read& read) {
  try {
    read();
  } catch (const quenched::InvalidInput&) {
  }
}

void require(bool held) {
  if (!held) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quenched::apps;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try_to([&] { require(!numbers("alpha", text).empty()); });
  try_to([&] {
    for (const long n : whole_numbers("seeds", text, 1)) require(n >= 1);
  });
  try_to([&] {
    double total = 0;
    for (const auto& [tokens, weight] : length_law(text)) {
      require(tokens >= 1 && weight > 0);
      total += weight;
    }
    require(std::abs(total - 1) < 1e-8);
  });
  require(!words(text).empty());
  return 0;
}
