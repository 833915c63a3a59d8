#include "free_memory.hpp"

#include <fstream>
#include <iomanip>
#include <quenched/simulate.hpp>
#include <sstream>
#include <string>

namespace quenched {
namespace {

/// MemAvailable of Linux, in bytes; empty elsewhere.
std::optional<double> available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;)
    if (word == "MemAvailable:") {
      double kibibytes = 0;
      if (file >> kibibytes) return kibibytes * 1024;
    }
  return std::nullopt;
}

}  // namespace

std::optional<double> free_memory(double needed, int dimension, double alpha) {
  const std::optional<double> free = available_memory();
  if (!free) return {};
  if (needed > 0.9 * *free) {
    constexpr double GiB = 1 << 30;
    std::ostringstream message;
    message << std::setprecision(3) << "not enough memory: one seed needs " << needed / GiB << " GiB, "
            << *free / GiB << " GiB are free; lower dimension (" << dimension << "), alpha (" << alpha
            << ") or length";
    throw OutOfMemory(message.str());
  }
  return 0.9 * *free;
}

}  // namespace quenched
