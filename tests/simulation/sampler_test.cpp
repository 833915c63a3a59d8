#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/sampler.hpp>

using namespace quenched;

namespace {

const LengthLaw up_to_three = {{1, 1.0 / 3}, {2, 1.0 / 3}, {3, 1.0 / 3}};

/// Fields X a/sqrt(D) of all tokens.
Eigen::VectorXd fields(const Samples& samples, const Eigen::VectorXf& a) {
  return samples.tokens.topRows(samples.dimension).cast<double>().transpose() * a.cast<double>() /
         std::sqrt(static_cast<double>(samples.dimension));
}

}  // namespace

TEST_CASE("directions have norm sqrt(D) and are independent") {
  const Directions drawn = draw_directions(4000, 3);
  CHECK(drawn.k_star.cast<double>().squaredNorm() == doctest::Approx(4000).epsilon(1e-6));
  CHECK(drawn.v_star.cast<double>().squaredNorm() == doctest::Approx(4000).epsilon(1e-6));
  CHECK(std::abs(drawn.k_star.dot(drawn.v_star)) < 4.5 * std::sqrt(4000.0));
}

TEST_CASE("layout: groups cover samples and tokens, lengths follow their law, padding is zero") {
  const Problem problem{make_task("spiked", 2), {{2, 0.25}, {5, 0.75}}, 0};
  const Samples samples = draw_samples(problem, draw_directions(50, 1), 10000, 2);
  Eigen::Index sample = 0, token = 0, fives = 0;
  for (const SampleGroup& group : samples.groups) {
    CHECK(group.first_sample == sample);
    CHECK(group.first_token == token);
    CHECK(group.samples <= Samples::block);
    sample += group.samples;
    token += group.samples * group.length;
    fives += group.length == 5 ? group.samples : 0;
  }
  CHECK(sample == 10000);
  CHECK(token == samples.tokens.cols());
  CHECK(samples.tokens.rows() == 64);
  CHECK((samples.tokens.bottomRows(14).array() == 0).all());
  CHECK(std::abs(static_cast<double>(fives) - 7500) < 4.5 * std::sqrt(10000 * 0.25 * 0.75));
  CHECK(sample_bytes(problem.lengths, 50, 10000) >= 4 * static_cast<std::size_t>(samples.tokens.size()));
  CHECK(sample_bytes(problem.lengths, 50, 10000) <= 5 * static_cast<std::size_t>(samples.tokens.size()));
}

TEST_CASE("spiked: chi*_eps has mean sqrt(nu) and variance 1, other tokens mean 0; eps is uniform") {
  const double nu = 3;
  const Directions directions = draw_directions(100, 11);
  const Samples samples = draw_samples({make_task("spiked", nu), {{3, 1.0}}, 0}, directions, 40000, 12);
  const Eigen::VectorXd chi_star = fields(samples, directions.k_star);
  Eigen::ArrayXd hit(40000), miss(80000);
  Eigen::Array3d frequency = Eigen::Array3d::Zero();
  for (Eigen::Index i = 0, other = 0; i < 40000; ++i) {
    frequency[samples.location[i]] += 1.0 / 40000;
    for (Eigen::Index l = 0; l < 3; ++l)
      (l == samples.location[i] ? hit[i] : miss[other++]) = chi_star[3 * i + l];
  }
  CHECK(std::abs(hit.mean() - std::sqrt(nu)) < 4.5 / 200);
  CHECK(std::abs((hit - std::sqrt(nu)).square().mean() - 1) < 4.5 * std::sqrt(2.0) / 200);
  CHECK(std::abs(miss.mean()) < 4.5 / std::sqrt(80000.0));
  CHECK(std::abs(miss.square().mean() - 1) < 4.5 * std::sqrt(2 / 80000.0));
  CHECK((frequency - 1.0 / 3).abs().maxCoeff() < 4.5 * std::sqrt(2.0 / 9 / 40000));
}

TEST_CASE("max: eps follows softmax(nu chi*), and the argmax when nu is infinite") {
  const Directions directions = draw_directions(100, 21);
  for (const double nu : {0.0, 1.5, static_cast<double>(INFINITY)}) {
    const Samples samples = draw_samples({make_task("max", nu), {{3, 1.0}}, 0}, directions, 40000, 22);
    const Eigen::VectorXd chi_star = fields(samples, directions.k_star);
    CHECK(std::abs(chi_star.mean()) < 4.5 / std::sqrt(120000.0));  // the tokens stay plain
    // sum_i (1[eps = l] - p_l) h(chi*) has mean 0 for any h: here h = 1 and h = chi*_l.
    double residual[2] = {0, 0}, variance[2] = {0, 0};
    int misses = 0;
    for (Eigen::Index i = 0; i < 40000; ++i) {
      const Eigen::Array3d chi = chi_star.segment<3>(3 * i);
      Eigen::Index top = 0;
      const double highest = chi.maxCoeff(&top);
      misses += samples.location[i] != top;
      if (std::isinf(nu)) continue;
      const Eigen::Array3d weight = (nu * (chi - highest)).exp(), p = weight / weight.sum();
      const double h[2] = {1, chi[0]};
      for (int a = 0; a < 2; ++a) {
        residual[a] += ((samples.location[i] == 0) - p[0]) * h[a];
        variance[a] += p[0] * (1 - p[0]) * h[a] * h[a];
      }
    }
    if (std::isinf(nu)) {
      CHECK(misses == 0);
      continue;
    }
    for (int a = 0; a < 2; ++a) CHECK(std::abs(residual[a]) < 4.5 * std::sqrt(variance[a]));
  }
}

TEST_CASE("labels: y - z*_eps is noise of variance Delta, and E y^2 = 1 + Delta") {
  const double Delta = 0.4;
  for (const char* task : {"spiked", "max"}) {
    // A new teacher for every set: given one, z* and chi* are correlated by k*.v*/D.
    Eigen::ArrayXd y2(20), noise2(20), noise(20);
    for (int set = 0; set < 20; ++set) {
      const Directions directions = draw_directions(400, 100 + set);
      const Samples samples =
          draw_samples({make_task(task, 1.0), up_to_three, Delta}, directions, 5000, 200 + set);
      const Eigen::VectorXd z_star = fields(samples, directions.v_star);
      Eigen::ArrayXd xi = samples.y;
      for (const SampleGroup& group : samples.groups)
        for (Eigen::Index i = 0; i < group.samples; ++i)
          xi[group.first_sample + i] -=
              z_star[group.first_token + i * group.length + samples.location[group.first_sample + i]];
      y2[set] = samples.y.square().mean();
      noise[set] = xi.mean();
      noise2[set] = xi.square().mean();
    }
    CHECK(std::abs(noise.mean()) < 4.5 * std::sqrt(Delta / 1e5));
    CHECK(std::abs(noise2.mean() - Delta) < 4.5 * Delta * std::sqrt(2 / 1e5));
    CHECK(std::abs(y2.mean() - 1 - Delta) <
          4.5 * (1 + Delta) * std::sqrt(2 / 1e5) + 4.5 / 400 / std::sqrt(10.0));
  }
}

TEST_CASE("other laws of the tokens: mean 0, variance 1, and their shapes") {
  const Problem problem{make_task("max", 0), {{2, 1.0}}, 0};
  const Directions directions = draw_directions(100, 31);
  const auto entries = [&](const std::string& law) {
    const Samples samples = draw_samples(problem, directions, 2000, 32, 1, token_law(law));
    return Eigen::ArrayXd(samples.tokens.topRows(100).cast<double>().reshaped().array());
  };
  const double n = 4e5;
  for (const auto& each : {std::pair{"gaussian", 3.0},
                           {"rademacher", 1.0},
                           {"uniform", 1.8},
                           {"student-t:5", 9.0},
                           {"student-t:100", 3 + 6.0 / 96}}) {
    const std::string law = each.first;
    const double kurtosis = each.second;
    INFO(law);
    const Eigen::ArrayXd x = entries(law);
    CHECK(std::abs(x.mean()) < 4.5 / std::sqrt(n));
    CHECK(std::abs(x.square().mean() - 1) <= 4.5 * std::sqrt((kurtosis - 1) / n) + 1e-6);
    if (kurtosis < 5)  // that of student-t:5 has no finite variance
      CHECK(x.square().square().mean() == doctest::Approx(kurtosis).epsilon(0.03));
    CHECK(std::abs((x.head(100) * x.segment(100, 100)).mean()) < 4.5 / std::sqrt(100.0));  // two tokens
  }
  CHECK((entries("rademacher").abs() == 1).all());
  CHECK(entries("uniform").abs().maxCoeff() == doctest::Approx(std::sqrt(3)).epsilon(1e-4));
  // P(|t| > 2.5706) = .05 at five degrees of freedom, whose variance is 5/3; .001 beyond 6.8688
  const Eigen::ArrayXd t = std::sqrt(5.0 / 3) * entries("student-t:5").abs();
  CHECK(std::abs((t > 2.5706).cast<double>().mean() - 0.05) < 4.5 * std::sqrt(0.05 * 0.95 / n));
  CHECK(std::abs((t > 6.8688).cast<double>().mean() - 0.001) < 4.5 * std::sqrt(0.001 / n));
  for (const char* wrong :
       {"", "normal", "student-t", "student-t:2", "student-t:2.5", "student-t:101", "student-t:5x"})
    CHECK_THROWS_AS(static_cast<void>(token_law(wrong)), InvalidInput);
}

TEST_CASE("the same bytes for any thread count") {
  const Problem problem{make_task("max", 2), up_to_three, 0.1};
  const Directions directions = draw_directions(37, 5);
  const Samples one = draw_samples(problem, directions, 1000, 6, 1),
                three = draw_samples(problem, directions, 1000, 6, 3);
  CHECK(one.tokens == three.tokens);
  CHECK((one.y == three.y).all());
  CHECK((one.location == three.location).all());
  const Samples other = draw_samples(problem, directions, 1000, 7, 3);
  CHECK((one.y != other.y).all());
}
