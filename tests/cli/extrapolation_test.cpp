#include "extrapolation.hpp"

#include <doctest/doctest.h>

using namespace quenched::apps;

TEST_CASE("a + b/D is extrapolated to a, with the error of the intercept") {
  std::vector<Record> records;
  for (double D : {100., 200., 400.})
    records.push_back({{"task", "spiked"},
                       {"noise", 0.25},
                       {"dimension", D},
                       {"seeds", 4},
                       {"seeds_converged", D == 200 ? 3 : 4},
                       {"test_error", 0.5 + 3 / D},
                       {"energy", D == 200 ? 0.53 : 0.5},
                       {"order_parameters", {{"m_k", 0.8 - 2 / D}}},
                       {"uncertainty", {{"test_error", 0.01}, {"m_k", 0.02}, {"energy", 0.01}}},
                       {"command", "quenched simulate"}});
  append_extrapolations(records);
  REQUIRE(records.size() == 4);
  CHECK(records[3]["dimension"] == "inf");
  CHECK(number_at(records[3], "test_error") == doctest::Approx(0.5));
  CHECK(number_at(records[3], "excess_error") == doctest::Approx(0.25));
  CHECK(number_at(records[3], "order_parameters.m_k") == doctest::Approx(0.8));
  // textbook: sigma sqrt(sum x^2/(n sum x^2 - (sum x)^2)), x = 1/100, 1/200, 1/400
  CHECK(number_at(records[3], "uncertainty.test_error") ==
        doctest::Approx(0.01 * std::sqrt(1.3125e-4 / (3 * 1.3125e-4 - 3.0625e-4))));
  CHECK(records[3]["seeds_converged"] == 3);
  CHECK(records[3]["fit"]["degrees_of_freedom"] == 1);
  CHECK(number_at(records[3], "fit.chi_square.test_error") == doctest::Approx(0).epsilon(1e-6));
  // residual of a point .03 above a line at x = 1/200: (.03)^2 (1 - leverage)/.01^2, leverage = 1/3 + (x -
  // mean)^2/Sxx
  const double leverage = 1.0 / 3 + std::pow(0.005 - 0.0175 / 3, 2) / (1.3125e-4 - 3.0625e-4 / 3);
  CHECK(number_at(records[3], "fit.chi_square.energy") == doctest::Approx(9 * (1 - leverage)));
}
