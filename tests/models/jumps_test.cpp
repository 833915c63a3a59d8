#include "jumps.hpp"

#include <doctest/doctest.h>

using namespace quenched;

namespace {

Problem slr(const char* task, double signal, int L, double noise) {
  return {make_task(task, signal), {{L, 1.0}}, noise};
}

struct Value {
  double value, error;
};
Value mean_of(const ChannelMeans& m, int which) {
  return {m.value[which], std::sqrt(m.deviation.col(which).square().sum())};
}
/// The share of the response that no derivative of g sees.
Value missing(const ChannelMeans& m) {
  return {m.value[pointwise_k] - m.value[Vhat_k],
          std::sqrt((m.deviation.col(pointwise_k) - m.deviation.col(Vhat_k)).square().sum())};
}
Value by_lines(const Problem& problem, const char* activation, int tokens, const OrderParameters& o,
               int lines) {
  ChannelMeans m{Eigen::ArrayXd::Zero(all_means), Batch::Zero(1, all_means)};
  add_jumps(m, problem, *make_activation(activation), tokens, o, lines, {});
  return mean_of(m, jumps_k);
}
void agree(const Value& a, const Value& b) {  // errors are two standard errors
  CAPTURE(a.value);
  CAPTURE(b.value);
  CHECK(a.value > 1.5 * a.error);  // or there is nothing to compare
  CHECK(std::abs(a.value - b.value) < 2 * std::hypot(a.error, b.error) + 1e-6);
}

const OrderParameters jumping{0.8, 1.6, 6.0, 1.05, 1.2, 0.6};

}  // namespace

TEST_CASE(
    "two tokens: jumps along lines, from common tangents, and as the difference of the two forms of Vhat") {
  for (const Problem& problem : {slr("spiked", 2, 2, 0.1), slr("max", INFINITY, 2, 0)}) {
    const ChannelMeans pair =
        pair_channel(problem, *make_activation("softmax"), {.level = 1})->means(jumping, Detail::responses);
    agree(by_lines(problem, "softmax", 2, jumping, 64), mean_of(pair, jumps_k));
    const ChannelMeans fine =
        pair_channel(problem, *make_activation("softmax"), {.level = 5})->means(jumping, Detail::responses);
    CHECK(pair.value[jumps_k] == doctest::Approx(fine.value[jumps_k]).epsilon(1e-4));
    CHECK(fine.value[jumps_k] == doctest::Approx(fine.value[pointwise_k] - fine.value[Vhat_k]).epsilon(0.02));
  }
}

TEST_CASE(
    "jumps along lines are the difference of the two forms of Vhat: three tokens; not shift invariant; one "
    "token") {
  agree(by_lines(slr("spiked", 2, 3, 0), "softmax", 3, jumping, 64),
        missing(grid_channel(slr("spiked", 2, 3, 0), *make_activation("softmax"), 3, {})
                    ->means(jumping, Detail::responses)));
  const OrderParameters bistable{0.13, 0.15, 8.0, 0.52, 0.62, 2.06}, o{0.2, 0.14, 7.5, 0.47, 0.33, 3.5};
  agree(by_lines(slr("spiked", 2, 2, 0.1), "softplus", 2, bistable, 128),
        missing(sampled_channel(slr("spiked", 2, 2, 0.1), *make_activation("softplus"), 2, {.level = 2})
                    ->means(bistable, Detail::responses)));
  agree(by_lines(slr("spiked", 2, 1, 0.1), "linear", 1, o, 64),
        missing(sampled_channel(slr("spiked", 2, 1, 0.1), *make_activation("linear"), 1, {.level = 2})
                    ->means(o, Detail::responses)));
}

TEST_CASE("no jumps where the proximal point is unique: linear from two tokens on; nor at a large ridge") {
  CHECK(by_lines(slr("spiked", 2, 2, 0.1), "linear", 2, {0.33, 0.38, 0.8, 0.44, 0.25, 0.13}, 16).value == 0);
  CHECK(by_lines(slr("spiked", 2, 2, 0.1), "softmax", 2, {0.2, 0.1, 0.2, 0.5, 0.3, 0.2}, 16).value == 0);
}

TEST_CASE("sigma with kinks: jumps along lines are the difference of the two forms of Vhat") {
  const OrderParameters o{0.55, 0.5, 0.7, 0.75, 0.62, 0.35};
  const Problem problem = slr("spiked", 2, 2, 0);
  agree(
      by_lines(problem, "relu", 2, o, 16),
      missing(
          sampled_channel(problem, *make_activation("relu"), 2, {.level = 1})->means(o, Detail::responses)));
}
