// A SPEC.toml, down to its points.
#include <cstdint>
#include <cstdlib>

#include "sweep_file.hpp"
#include "wrong_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quenched::apps;
  try {
    const Sweep sweep = sweep_of({reinterpret_cast<const char*>(data), size}, "SPEC.toml");
    if (sweep.points.empty()) std::abort();
    static_cast<void>(sweep.setting_texts.dump());
  } catch (const WrongFile&) {
  }
  return 0;
}
