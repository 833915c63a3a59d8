// Runs a fuzz target over the files named on the command line; a crash, or a limit of time, fails the test.
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::vector<char> input(std::istreambuf_iterator<char>(file), {});
    std::cout << argv[i] << std::endl;  // seen before a crash
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  return argc > 1 ? 0 : 1;
}
