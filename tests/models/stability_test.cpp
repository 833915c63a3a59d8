#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/stability_line.hpp>

#include "channel.hpp"

using namespace quenched;

namespace {
struct SidedCase {
  const char* task;
  double signal;
  int tokens;
  double noise, alpha, ridge;
  const char* activation;
  bool stable;  // as training at finite D says: it meets theory or not (docs/equations.md, section 5)
};
}  // namespace

TEST_CASE("both sides of the stability line, as simulation has it") {
  const SidedCase cases[] = {
      {"spiked", 2, 2, 0, 4, 0.5, "softmax", true},    {"spiked", 2, 2, 0, 4, 0.1, "softmax", true},
      {"spiked", 1, 2, 0, 2, 0.01, "softmax", false},  {"spiked", 2, 2, 0, 4, 0.1, "linear", true},
      {"spiked", 2, 3, 0.1, 4, 0.5, "softmax", true},  {"spiked", 1, 3, 0.25, 5, 0.1, "softmax", false},
      {"spiked", 2, 3, 0.25, 10, 1, "linear", true},   {"spiked", 1, 3, 0.25, 5, 0.3, "linear", false},
      {"max", 2, 2, 0.1, 4, 0.5, "softmax", true},     {"max", 1, 2, 0.1, 2, 0.01, "softmax", false},
      {"spiked", 2, 5, 0.1, 6, 2, "linear", true},     {"spiked", 1, 5, 0.1, 3, 0.05, "linear", false},
      {"spiked", 2, 1, 0.1, 2, 1e-3, "softmax", true},
  };
  for (const SidedCase& c : cases) {
    INFO(c.task, " L=", c.tokens, " nu=", c.signal, " alpha=", c.alpha, " ridge=", c.ridge, " ",
         c.activation);
    const ErmResult r = erm({make_task(c.task, c.signal), {{c.tokens, 1.0}}, c.noise},
                            *make_activation(c.activation), c.alpha, c.ridge, c.ridge, {.tolerance = 5e-3});
    CHECK(r.certificate.stable.has_value());
    CHECK(r.certificate.stable == c.stable);
  }
}

TEST_CASE("L = 1 is convex: stable for every ridge") {
  for (const double r : {1e-3, 1e-2, 0.1, 1.0, 10.0}) {
    const ErmResult result = erm({make_task("max", 1), {{1, 1.0}}, 0.5}, *make_activation("softmax"), 1, r, r,
                                 {.tolerance = 1e-6});
    CHECK(result.certificate.stability_eigenvalue < 1);
  }
}

TEST_CASE("the stability line in alpha and in ridge: one line, found from both sides") {
  const Problem problem{make_task("spiked", 1), {{3, 1.0}}, 0.25};
  const auto linear = make_activation("linear");
  const ErmOptions fine{.tolerance = 1e-6};
  const auto ridge = stability_line(problem, *linear, 5, 1, 1, Along::ridge, 0.1, 5, fine);
  REQUIRE(ridge);
  CHECK(ridge->uncertainty < 1e-3 * ridge->value);
  CHECK(ridge->result.certificate.stability_eigenvalue == doctest::Approx(1).epsilon(1e-3));
  const auto alpha =
      stability_line(problem, *linear, 1, ridge->value, ridge->value, Along::alpha, 3, 9, fine);
  REQUIRE(alpha);
  CHECK(alpha->uncertainty < 1e-3 * alpha->value);
  CHECK(std::abs(alpha->value - 5) < alpha->uncertainty + 5 * ridge->uncertainty / ridge->value);
  CHECK(!stability_line(problem, *linear, 5, 1, 1, Along::ridge, 2, 5, fine));  // both ends stable
  CHECK_THROWS_AS((void)stability_line(problem, *linear, 5, 1, 1, Along::ridge, 2, 1), InvalidInput);
}

TEST_CASE("where an end of the stability line has no fixed point within the work limit that is said") {
  const Problem problem{make_task("spiked", 1), {{24, 1.0}}, 0.25};
  const auto softmax = make_activation("softmax");
  const auto line = stability_line(problem, *softmax, 1, 0.1, 0.1, Along::alpha, 1, 2, {.work = 1e6});
  REQUIRE(line);
  CHECK(std::isnan(line->uncertainty));
  CHECK(line->result.certificate.advice.find("work limit") != std::string::npos);
}

TEST_CASE("softmax's stability line, to 1e-3 in alpha and in ridge; sides of it are told apart at once") {
  const Problem problem{make_task("spiked", 1), {{2, 1.0}}, 0.1};
  const auto softmax = make_activation("softmax");
  const auto alpha = stability_line(problem, *softmax, 1, 0.1, 0.1, Along::alpha, 2.6, 3.1);
  REQUIRE(alpha);
  CHECK(alpha->uncertainty < 1e-3 * alpha->value);
  const auto ridge = stability_line(problem, *softmax, alpha->value, 1, 1, Along::ridge, 0.08, 0.13);
  REQUIRE(ridge);
  CHECK(ridge->uncertainty < 1e-3 * ridge->value);
  CHECK(std::abs(ridge->value / 0.1 - 1) < 3e-3);
  for (const double side : {-1, 1}) {
    const ErmResult r = erm(problem, *softmax, alpha->value * (1 + 2e-3 * side), 0.1, 0.1, {.branches = 0});
    CHECK(r.certificate.stability_error < 3e-4);
    CHECK((r.certificate.stability_eigenvalue - 1) * side < 0);  // more data, more stable
  }
}

TEST_CASE("two tokens: the mean squared response converges though it diverges where folds are born") {
  // At the order parameters of spiked nu = 2, alpha = 4, r = 0.1, where folds weigh little but are there.
  const Problem problem{make_task("spiked", 2), {{2, 1.0}}, 0};
  const auto softmax = make_activation("softmax");
  const OrderParameters o{0.8356, 1.4099, 3.3716, 1.0627, 1.1851, 0.54995};
  const auto at = [&](int level) {
    return pair_channel(problem, *softmax, {.level = level})->means(o, Detail::responses);
  };
  const ChannelMeans rough = at(0), fine = at(3);
  for (const int i : {G_kk, G_kv, G_vv, jumps_k}) {
    CAPTURE(i);
    CHECK(std::abs(rough.value[i] - fine.value[i]) < 1e-3 * fine.value[i]);
    CHECK(std::abs(rough.value[i] - fine.value[i]) <
          2 * std::sqrt(rough.deviation.col(i).square().sum()) + 1e-6 * fine.value[i]);
  }
}
