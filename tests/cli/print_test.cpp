#include "print.hpp"

#include <doctest/doctest.h>

#include "program.hpp"
#include "read_records.hpp"

using namespace quenched::apps;

TEST_CASE("digits of an uncertain number stop at the first digit of its error") {
  CHECK(with_uncertainty(0.3771561, 1e-5) == "0.37716(1)");
  CHECK(with_uncertainty(0.3771561, 1.2e-5) == "0.37716(2)");  // never understated
  CHECK(with_uncertainty(0.4994, 0.0095) == "0.50(1)");
  CHECK(with_uncertainty(1.4099, 0.02) == "1.41(2)");
  CHECK(with_uncertainty(-27.4, 3) == "-27(3)");
  CHECK(with_uncertainty(0.5, 0) == "0.5");
  CHECK(with_uncertainty(1.194191e-23, 2e-27) == "1.1942(2)e-23");
  CHECK(with_uncertainty(-1.2345e30, 2e28) == "-1.23(2)e30");
  CHECK(with_uncertainty(-27.4, 3.2) == "-27(4)");
  CHECK(with_uncertainty(0.002, 0.05) == "0.00(5)");  // nothing is known of its digits
  CHECK(with_uncertainty(1e-17, 3) == "0(3)");
  CHECK(with_uncertainty(0, 9e15) == "0(9)e15");
  CHECK(with_uncertainty(3e15, 9e15) == "3(9)e15");
  // An error far beyond the value must not hide it.
  CHECK(with_uncertainty(0.3771, 8.4e15) == "0.38 +- 9e15");
  CHECK(with_uncertainty(-0.2, 5) == "-0.2 +- 5");
  CHECK(with_uncertainty(-2345.6, 9e15) == "-2346 +- 9e15");
  CHECK(with_uncertainty(3e12, 5e13) == "3e12 +- 5e13");
  CHECK(with_uncertainty(NAN, 0.1) == "-");
}

TEST_CASE("CSV: quotes, empty cells, and back again") {
  const std::vector<Record> records = {
      {{"command", "erm"}, {"length", "1:0.2,3:0.8"}, {"signal", "inf"}, {"alpha", 0.1}, {"stable", true}},
      {{"command", "erm"}, {"length", 2}, {"advice", "say \"no\""}, {"certificate", {{"residual", 1e-300}}}}};
  const std::string text = csv_text(records);
  CHECK(text.substr(0, text.find('\n')) == "command,length,signal,alpha,stable,advice,certificate.residual");
  CHECK(text.find("\"say \"\"no\"\"\"") != std::string::npos);
  const Folder folder;
  std::ofstream(folder / "records.csv") << text;
  CHECK(read_records(folder / "records.csv") == records);
}

TEST_CASE("an unknown is null, an infinity a string: JSON has neither") {
  CHECK(json_of(NAN).is_null());
  CHECK(json_of_parameter(INFINITY) == "inf");
  CHECK(json_of(INFINITY).is_null());
  CHECK(std::isinf(number_of("inf")));
  CHECK(std::isnan(number_of(nullptr)));
}
