#include "channel.hpp"

#include <doctest/doctest.h>

using namespace quenched;

namespace {

/// Two rules for the same averages agree within their stated errors (three times them: the statement is about
/// two sigma).
void agree(const ChannelMeans& a, const ChannelMeans& b, int count) {
  const Eigen::ArrayXd error_a = a.deviation.square().colwise().sum().sqrt(),
                       error_b = b.deviation.square().colwise().sum().sqrt();
  for (int i = 0; i < count; ++i) {
    CAPTURE(i);
    CHECK(std::abs(a.value[i] - b.value[i]) <= 2 * (error_a[i] + error_b[i]) + 1e-6);
  }
}

Problem slr(const char* task, double signal, int L, double noise) {
  return {make_task(task, signal), {{L, 1.0}}, noise};
}

}  // namespace

TEST_CASE("two tokens: the grid over the proximal point against scrambled Sobol points with a minimiser") {
  const auto softmax = make_activation("softmax");
  const OrderParameters smooth{0.49, 0.45, 1.1, 0.91, 0.9, 0.45}, jumping{0.8, 1.6, 6.0, 1.05, 1.2, 0.6};
  for (const auto& problem : {slr("spiked", 2, 2, 0.1), slr("max", INFINITY, 2, 0), slr("max", 1, 2, 0.2)})
    for (const OrderParameters& o : {smooth, jumping}) {
      CAPTURE(problem.task->name());
      agree(pair_channel(problem, *softmax, {.level = 1})->means(o, Detail::responses),
            sampled_channel(problem, *softmax, 2, {.level = 2})->means(o, Detail::responses), G_kk);
    }
}

TEST_CASE(
    "two tokens, softmax-1 and softplus: five and four dimensions on a grid against scrambled Sobol points") {
  const Problem problem = slr("spiked", 2, 2, 0.1);
  const OrderParameters o{0.59, 0.6, 1.16, 1.02, 1.18, 0.45};
  for (const char* name : {"softmax-1", "softplus", "centred-linear"}) {
    CAPTURE(name);
    const auto activation = make_activation(name);
    agree(grid_channel(problem, *activation, 2, {})->means(o, Detail::responses),
          sampled_channel(problem, *activation, 2, {.level = 2})->means(o, Detail::responses),
          fixed_point_means);
  }
}

TEST_CASE("a rule over the proximal point needs derivatives without kinks") {
  const Problem problem = slr("spiked", 2, 2, 0.1);
  for (const char* name : {"sparsemax", "relu-kernel", "relu", "elu-kernel"})
    CHECK(make_channel(problem, *make_activation(name), 2, {})->rule().find("Sobol") != std::string::npos);
}

TEST_CASE("three tokens: the grid over the proximal point against scrambled Sobol points with a minimiser") {
  const auto softmax = make_activation("softmax");
  const OrderParameters smooth{0.57, 0.64, 1.08, 0.92, 1.03, 0.6}, jumping{0.86, 1.36, 2.5, 1.07, 1.26, 0.5};
  agree(
      grid_channel(slr("spiked", 2, 3, 0.1), *softmax, 3, {.level = 1})->means(smooth, Detail::responses),
      sampled_channel(slr("spiked", 2, 3, 0.1), *softmax, 3, {.level = 2})->means(smooth, Detail::responses),
      G_kk);
  agree(grid_channel(slr("spiked", 2, 3, 0), *softmax, 3, {.level = 0})->means(jumping, Detail::responses),
        sampled_channel(slr("spiked", 2, 3, 0), *softmax, 3, {.level = 2})->means(jumping, Detail::responses),
        fixed_point_means);
  agree(grid_channel(slr("max", 2, 3, 0.1), *softmax, 3, {.level = 0})->means(smooth, Detail::responses),
        sampled_channel(slr("max", 2, 3, 0.1), *softmax, 3, {.level = 2})->means(smooth, Detail::responses),
        fixed_point_means);
}

TEST_CASE("linear: the saddle contour against scrambled Sobol points with a minimiser, L = 1, 2, 7") {
  const auto linear = make_activation("linear");
  for (int L : {1, 2, 7}) {
    CAPTURE(L);
    const Problem problem = slr("spiked", 2, L, 0.1);
    const OrderParameters o{0.33, 0.38, 0.8, 0.44, 0.25, 0.13};
    agree(linear_channel(problem, *linear, L, {})->means(o, Detail::responses),
          sampled_channel(problem, *linear, L, {.level = 2})->means(o, Detail::responses),
          L == 1 ? fixed_point_means : competing);
  }
}

TEST_CASE("one token: the closed form is what the sampled average tends to") {
  const OrderParameters o{0.3, 0.4, 2.0, 0.7, 0.6, 0.56};
  const Problem problem = slr("spiked", 2, 1, 0.1);
  agree(single_token_channel(problem)->means(o, Detail::responses),
        sampled_channel(problem, *make_activation("softmax"), 1, {.level = 2})->means(o, Detail::responses),
        competing);
}

TEST_CASE("every rule: the same bytes for one, two and three threads") {
  const auto softmax = make_activation("softmax"), linear = make_activation("linear");
  const OrderParameters o{0.57, 0.64, 1.08, 0.92, 1.03, 0.6};
  const Problem two = slr("max", 2, 2, 0.1), three = slr("spiked", 2, 3, 0.1);
  const auto same = [&](const auto& make) {
    const ChannelMeans one = make(1)->means(o, Detail::responses),
                       two_threads = make(2)->means(o, Detail::responses),
                       three_threads = make(3)->means(o, Detail::responses);
    return (one.value == two_threads.value).all() && (one.value == three_threads.value).all() &&
           (one.deviation == three_threads.deviation).all();
  };
  CHECK(same([&](int threads) { return pair_channel(two, *softmax, {.threads = threads}); }));
  CHECK(same([&](int threads) { return grid_channel(three, *softmax, 3, {.threads = threads}); }));
  CHECK(same([&](int threads) { return linear_channel(three, *linear, 3, {.threads = threads}); }));
  CHECK(same([&](int threads) { return sampled_channel(three, *softmax, 3, {.threads = threads}); }));
}
