#include "labelled_race.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <quenched/point_set.hpp>
#include <random>

#include "bayes_channel.hpp"

using quenched::Batch;
using quenched::LabelledRace;
using quenched::make_task;
using quenched::Problem;

namespace {

/// Twice the standard error over replicates, of every average.
Eigen::ArrayXd error(const Batch& replicates) {
  return quenched::replicate_deviations(replicates).square().colwise().sum().sqrt();
}

}  // namespace

TEST_CASE("Labelled race: the averages over labels and values are those of plain sampling") {
  const Problem problem{make_task("max", 2), {{3, 1}}, 0.05};
  const double q_v = 0.8, s = 1 - q_v + problem.noise;
  const LabelledRace race(problem, q_v, 1, 1);
  std::mt19937_64 rng(5);
  std::normal_distribution<double> normal;
  Batch log_S(1, 3), G(1, 9);
  log_S << std::log(0.2), std::log(0.5), std::log(0.3);
  for (int i = 0; i < 9; ++i) G(0, i) = normal(rng);
  constexpr int samples = 400000;
  const Batch found = race.means(log_S, G, 3, true);
  Eigen::Array3d sum = Eigen::Array3d::Zero(), squares = sum;
  for (int i = 0; i < samples; ++i) {
    const int eps = std::discrete_distribution<int>({0.2, 0.5, 0.3})(rng);
    double w[3], p[3], t2[3], Z = 0;
    for (double& each : w) each = std::sqrt(q_v) * normal(rng);
    const double y = w[eps] + std::sqrt(s) * normal(rng);
    for (int l = 0; l < 3; ++l) {
      t2[l] = (y - w[l]) * (y - w[l]) / s;
      Z += p[l] = std::exp(log_S(0, l) - t2[l] / 2);
    }
    Eigen::Array3d f(0, 0, std::log(Z));
    for (int m = 0; m < 3; ++m) {
      double force = 0;
      for (int l = 0; l < 3; ++l) force += p[l] / Z * G(0, 3 * l + m);
      f[0] += force * force;
      f[1] += p[m] * p[m] / (Z * Z) * t2[m];
    }
    sum += f, squares += f.square();
  }
  const Eigen::Array3d mean = sum / samples,
                       deviation = ((squares / samples - mean.square()) / samples).sqrt();
  for (int k = 0; k < 3; ++k) {
    CAPTURE(k);
    CHECK(std::abs(found(0, k) - mean[k]) < 4.5 * deviation[k]);
    CHECK(deviation[k] < 0.01);
  }
}

TEST_CASE(
    "Labelled race: spiked tokens' averages are those of the one-dimensional rule, at any q and length") {
  for (const int L : {1, 2, 5, 40})
    for (const auto& q :
         {Eigen::Vector2d(0.3, 0.05), Eigen::Vector2d(0.6, 0.9), Eigen::Vector2d(0.1, 0.999)}) {
      const Problem problem{make_task("spiked", 1.5), {{L, 1}}, 0.02};
      const Batch exact = independent_channel(problem, 1e-9, 0)->averages(q, 2, true),
                  sampled = sampled_channel(problem, 0, 3, 0)->averages(q, 3, true);
      const Eigen::ArrayXd allowed = 2 * error(sampled);
      for (int k = 0; k < quenched::bayes_columns; ++k) {
        CAPTURE(L);
        CAPTURE(q[1]);
        CAPTURE(k);
        CHECK(std::abs(sampled.col(k).mean() - exact(0, k)) <= allowed[k] + 1e-7);
        CHECK(allowed[k] < 0.05 * (1 + std::abs(exact(0, k))));
      }
    }
}

TEST_CASE("Labelled race: max, as sampled in all dimensions; finer steps change nothing") {
  const Problem problem{make_task("max", INFINITY), {{4, 1}}, 0.01};
  for (const auto& q : {Eigen::Vector2d(0.5, 0.3), Eigen::Vector2d(0.9, 0.99)}) {
    const Batch race = sampled_channel(problem, 0, 3, 0)->averages(q, 3, true),
                direct = sampled_channel(problem, 0, 4, 0, nullptr, true)->averages(q, 2, true);
    for (int k = 0; k < quenched::bayes_columns; ++k) {
      CAPTURE(k);
      CHECK(std::abs(race.col(k).mean() - direct.col(k).mean()) <=
            2 * std::hypot(error(race)[k], error(direct)[k]));
    }
  }
  Batch log_S(1, 2), G(1, 4);
  G << 1, -1, 2, 1;
  for (const double first : {-0.1, -8.0, -1e-13}) {
    log_S << first, std::log(-std::expm1(first));
    for (const double q_v : {0.0, 0.1, 0.4, 0.9, 1 - 1e-5, 1.0}) {
      const auto average = [&](double resolution) {
        return LabelledRace(problem, q_v, resolution, 1).means(log_S, G, 2, true);
      };
      CAPTURE(first);
      CAPTURE(q_v);
      CHECK((average(1) - average(1.4)).abs().maxCoeff() < 1e-7);
      CHECK((average(0.7) - average(1.4)).abs().maxCoeff() < 1.5e-6);  // what bayes_channel.cpp relies on
    }
  }
}

TEST_CASE("Labelled race: without overlaps nothing is learnt of k, and no average is negative") {
  for (const int L : {1, 2, 3, 8, 12, 32})
    for (const double noise : {0.0, 1.0}) {
      const Problem problem{make_task("max", INFINITY), {{L, 1}}, noise};
      const auto channel = sampled_channel(problem, 0, 3, 0);
      const Batch blind = channel->averages({0, 0}, 0, true), known = channel->averages({0.9, 1}, 0, true);
      CAPTURE(L);
      CHECK(blind.col(quenched::g_k2).minCoeff() >= 0);
      CHECK(blind.col(quenched::g_k2).maxCoeff() < 1e-12);
      // Given y all tokens are alike: g_v = y/(L (1 + Delta)) each.
      CHECK(std::abs(blind.col(quenched::g_v2).mean() - 1 / (L * (1 + noise))) <= 2 * error(blind)[1] + 1e-6);
      CHECK(known.isFinite().all());
    }
}
