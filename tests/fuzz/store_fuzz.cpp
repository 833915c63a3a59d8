// The bytes of a store of sweeps.
#include <cstdint>
#include <quenched/invalid_input.hpp>

#include "file.hpp"
#include "sweep.hpp"
#include "wrong_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quenched::apps;
  const InputFile file(".db", data, size);
  try {
    static_cast<void>(stored_records(file.path(), "", false).tally.text());
  } catch (const quenched::InvalidInput&) {
  } catch (const WrongFile&) {
  } catch (const Json::exception&) {
  } catch (const std::runtime_error&) {  // what SQLite says, with the file
  }
  return 0;
}
