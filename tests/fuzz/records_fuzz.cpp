// Records read back from JSON and CSV, and what `plot` and `report` make of them. The first byte, `c` or
// another, says which.
#include <cstdint>
#include <quenched/invalid_input.hpp>

#include "file.hpp"
#include "print.hpp"
#include "read_records.hpp"
#include "report.hpp"
#include "series.hpp"

namespace {
/// What main() makes one line of.
template <class Read>
void try_to(const Read& read) {
  try {
    read();
  } catch (const quenched::InvalidInput&) {
  } catch (const quenched::apps::Json::exception&) {
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace quenched::apps;
  if (size == 0) return 0;
  const InputFile file(data[0] == 'c' ? ".csv" : ".json", data + 1, size - 1);
  std::vector<Record> records;
  try_to([&] { records = read_records(file.path()); });
  if (records.empty()) return 0;
  try_to([&] { static_cast<void>(csv_text(records)); });
  try_to([&] { static_cast<void>(report_data(records, {"r.json"}).dump()); });
  try_to([&] {
    Axes axes;
    static_cast<void>(series(records, axes));
  });
  return 0;
}
