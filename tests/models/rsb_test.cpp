#include <doctest/doctest.h>

#include <quenched/invalid_input.hpp>

#include "global_proximal.hpp"
#include "linear_proximal.hpp"
#include "rsb_equations.hpp"

using namespace quenched;
using Eigen::ArrayXd;
using Eigen::VectorXd;
namespace R = rsb_mean;
using E = RsbEquations;

namespace {

Problem slr(const char* task, double signal, int L, double noise) {
  return {make_task(task, signal), {{L, 1.0}}, noise};
}

struct Case {
  Problem problem;
  double alpha, r;
  OrderParameters near;  // replica-symmetric
};
// Unstable, from section 8's table; and stable.
const Case unstable = {slr("spiked", 1, 2, 0), 2, 0.03, {0.363, 1.386, 17.4, 1.03, 1.80, 6.05}};
const Case stable = {
    slr("spiked", 2, 2, 0), 4, 0.5, {0.495326, 0.444982, 1.118867, 0.907508, 0.892607, 0.448459}};

}  // namespace

TEST_CASE(
    "two rules for the averages beyond replica symmetry: convolutions against Sobol points with a "
    "minimiser") {
  const auto softmax = make_activation("softmax");
  const auto agree = [](const ChannelMeans& grid, const ChannelMeans& points, double most) {
    for (int i = 0; i < R::all; ++i) {
      if (i == R::inside_kk || i == R::inside_kv || i == R::inside_vv)
        continue;  // heavy tails, where a minimum turns flat
      CAPTURE(i);
      const double error = grid.deviation.col(i).matrix().norm() + points.deviation.col(i).matrix().norm();
      CHECK(std::abs(grid.value[i] - points.value[i]) <= 2 * error + 1e-6);
      if (i < R::fixed_point) CHECK(error < most * std::max(0.05, std::abs(grid.value[i])));
    }
  };
  for (const auto& problem : {slr("spiked", 1, 2, 0), slr("max", 1, 2, 0.1)}) {
    CAPTURE(problem.task->name());
    const RsbOverlaps o{0.41, 1.05, 1.36, 6, 1.06, 1.56, 1.69, 2};
    for (const double Y : {8.0, 24.0}) {  // at 24 few inner points carry the weight
      CAPTURE(Y);
      agree(rsb_pair_channel(problem, *softmax, {.level = 2})->means(o, Y, true),
            rsb_sampled_channel(problem, *softmax, 2, {.level = 1})->means(o, Y, true), INFINITY);
    }
  }
  for (const auto& problem : {slr("spiked", 1, 3, 0.25), slr("max", 1, 3, 0.1)}) {
    CAPTURE(problem.task->name());
    const RsbOverlaps o{0.79, 2.5, 3.0, 1.9, 1.08, 1.67, 1.77, 0.6};
    agree(rsb_grid_channel(problem, *softmax, {})->means(o, 2, true),
          rsb_controlled_channel(problem, *softmax, 3, {.level = 1})->means(o, 2, true), 0.05);
  }
}

TEST_CASE("where the grid over three tokens would be too fine random points take its place") {
  const auto softmax = make_activation("softmax");
  const Problem problem = slr("spiked", 1, 3, 0.25);
  const auto channel = rsb_grid_channel(problem, *softmax, {});
  const auto sampled_at = [&](double q, double Y) {
    const RsbOverlaps o{0.8, q, 1.2 * q, 1.9, 1.08, 1.67, 1.77, 0.6};
    CHECK(channel->means(o, Y, false).value.allFinite());
    CHECK((channel->rule().find("Sobol") != std::string::npos) == channel->sampled());
    return channel->sampled();
  };
  CHECK_FALSE(sampled_at(2, 2));
  CHECK(sampled_at(200, 2));
  CHECK(sampled_at(2, 2));  // and stay, lest an iteration has two maps
  const auto other = rsb_grid_channel(problem, *softmax, {});
  const RsbOverlaps o{0.8, 2, 2.4, 1.9, 1.08, 1.67, 1.77, 0.6};
  CHECK(other->means(o, 100, false).value.allFinite());  // exp(-Y M) is narrow
  CHECK(other->sampled());
}

TEST_CASE("linear: the scalar residual gives the minimum that Newton's method finds") {
  const auto linear = make_activation("linear");
  for (const int L : {2, 5}) {
    std::srand(7);
    const Batch omega = 1.5 * Batch::Random(64, L), w = 2 * Batch::Random(64, L);
    const ArrayXd y = 3 * ArrayXd::Random(64);
    const double V_k = 1.3, V_v = 0.4;
    LinearProximal scalar;
    scalar.minimise(V_k, V_v, omega, y, w);
    GlobalProximal newton(*linear, L, {.V_k = V_k, .V_v = V_v});
    newton.minimise(omega, y, w);
    CHECK((scalar.M - newton.best.value).abs().maxCoeff() < 1e-9);
    CHECK((scalar.rho - newton.loss.rho).abs().maxCoeff() < 1e-7);
    CHECK(((newton.best.x - omega) / V_k - scalar.g_k).abs().maxCoeff() < 1e-6);
  }
}

TEST_CASE("linear attention in a frame of six vectors: the same averages as over all tokens") {
  // The formula is not known to be linear: its rule takes every token's fields, and Newton's minimiser.
  const auto framed = make_activation("linear"), plain = make_activation("elementwise:1+x");
  for (const int L : {7, 12}) {
    const Problem problem = slr("spiked", 1.5, L, 0.2);
    const RsbOverlaps o{0.28, 0.8, 1.1, 0.6, 0.12, 0.05, 0.07, 0.03};
    const ChannelMeans six = rsb_sampled_channel(problem, *framed, L, {.level = 1})->means(o, 1, true);
    const ChannelMeans all = rsb_sampled_channel(problem, *plain, L, {.level = 1})->means(o, 1, true);
    for (int i = 0; i < R::all; ++i) {
      const double error = six.deviation.col(i).matrix().norm() + all.deviation.col(i).matrix().norm();
      CAPTURE(L);
      CAPTURE(i);
      CHECK(std::abs(six.value[i] - all.value[i]) <= 2 * error);
      CHECK(error < (i < R::fixed_point ? 0.3 : 0.6) * std::abs(six.value[i]));
    }
  }
}

TEST_CASE("control variates of replica symmetry leave the averages and lower their errors") {
  const RsbOverlaps o{0.28, 0.8, 1.0, 0.76, 0.32, 0.195, 0.22, 0.086};
  for (const auto& c : {std::pair{"linear", "spiked"}, {"softmax", "max"}}) {
    CAPTURE(c.first);
    const Problem problem = slr(c.second, 1, 3, 0.25);
    const auto activation = make_activation(c.first);
    const ChannelMeans plain = rsb_sampled_channel(problem, *activation, 3, {})->means(o, 1, false);
    const ChannelMeans controlled = rsb_controlled_channel(problem, *activation, 3, {})->means(o, 1, false);
    const auto error = [](const ChannelMeans& m, int i) { return m.deviation.col(i).matrix().norm(); };
    for (int i = 0; i < R::fixed_point; ++i) {
      CAPTURE(i);
      CHECK(std::abs(plain.value[i] - controlled.value[i]) <= 1.5 * (error(plain, i) + error(controlled, i)));
    }
    for (const int i : {R::qhat1_k, R::qhat1_v, R::rho_squared, R::log_mean, R::loss}) {
      CAPTURE(i);
      CHECK(error(controlled, i) < 0.5 * error(plain, i));
    }
  }
}

TEST_CASE("replica symmetry is the case q1 = q0: the means are those of ERM's own rule, whatever Y") {
  const auto softmax = make_activation("softmax");
  for (int i = 0; i < 10; ++i) {
    CAPTURE(i);
    const Problem problem = slr(i % 2 ? "max" : "spiked", 0.5 + 0.1 * i, 2, 0.05 * i);
    const double q_k = 0.2 + 0.02 * i, q_v = 0.6 + 0.02 * i;
    const OrderParameters o{0.3, q_k, 0.2 + 0.01 * i,
                            0.6, q_v, 0.2 + 0.01 * i};  // far from folds: both rules converge fast
    const auto same_at = [&](const ArrayXd& symmetric, const ArrayXd& split, double within) {
      const int same[][2] = {{mhat_k, R::mhat_k},  {qhat_k, R::qhat0_k}, {qhat_k, R::qhat1_k},
                             {Vhat_k, R::Vhat_k},  {mhat_v, R::mhat_v},  {qhat_v, R::qhat0_v},
                             {qhat_v, R::qhat1_v}, {Vhat_v, R::Vhat_v},  {rho_squared, R::rho_squared},
                             {hit, R::hit},        {power, R::power}};
      for (const auto& pair : same) {
        CAPTURE(pair[1]);
        CHECK(split[pair[1]] == doctest::Approx(symmetric[pair[0]]).epsilon(within));
      }
      CHECK(split[R::log_mean] ==
            doctest::Approx(-(2.0 + i) * split[R::loss]).epsilon(std::max(1e-10, within / 10)));
    };
    const RsbOverlaps alike = E::overlaps(E::split(o, 1, 1));
    same_at(pair_channel(problem, *softmax, {.level = 3})->means(o, Detail::means).value,
            rsb_pair_channel(problem, *softmax, {.level = 4})->means(alike, 2.0 + i, false).value, 1e-8);
    if (i < 2)  // its ball ends at 5.5 standard deviations
      same_at(grid_channel(problem, *softmax, 3, {.level = 2})->means(o, Detail::means).value,
              rsb_grid_channel(problem, *softmax, {.level = 1})->means(alike, 2.0 + i, false).value, 1e-4);
  }
}

TEST_CASE("at stable points the iteration started from q1 > q0 falls back to replica symmetry") {
  const auto falls_back = [](const Problem& problem, const char* name, double alpha, double r,
                             double closest) {
    CAPTURE(name);
    CAPTURE(alpha);
    CAPTURE(r);
    const auto activation = make_activation(name);
    const ErmResult rs = erm(problem, *activation, alpha, r, r, {.tolerance = 1e-3, .branches = 0});
    const E equations(problem, *activation, alpha, r, r, {});
    for (const double Y : {1.0, 5.0}) {
      const FixedPointReport report = equations.solve(E::split(rs.overlaps, 0.7, 0.7), Y, 1e-8);
      CHECK(report.residual < 1e-5);
      CHECK(report.x[2] - report.x[1] < 1e-4);
      CHECK(report.x[6] - report.x[5] < 1e-4);
      CHECK(report.x[0] == doctest::Approx(rs.overlaps.m_k).epsilon(closest));
      CHECK(report.x[5] == doctest::Approx(rs.overlaps.q_v).epsilon(closest));
    }
  };
  falls_back(stable.problem, "softmax", 4, 0.5, 1e-4);
  falls_back(slr("spiked", 2, 2, 0), "softmax", 4, 0.1, 1e-3);
  falls_back(slr("spiked", 1, 2, 0), "softmax", 2, 0.1,
             3e-3);  // marginal: the coarse rule's error is amplified
  falls_back(slr("spiked", 2, 3, 0), "linear", 10, 1, 1e-2);  // random points
}

TEST_CASE("across the stability line the broken solution joins replica symmetry continuously") {
  const auto softmax = make_activation("softmax");
  double apart = INFINITY, split = INFINITY;
  for (const double r : {0.05, 0.06, 0.07, 0.08}) {
    CAPTURE(r);
    const ErmResult rs = erm(slr("spiked", 1, 2, 0), *softmax, 2, r, r, {.tolerance = 1e-3});
    const RsbResult one = rsb(slr("spiked", 1, 2, 0), *softmax, 2, r, r, 8.0);
    REQUIRE(one.broken);
    const double difference = rs.test_error - one.test_error, d = one.overlaps.q1_k - one.overlaps.q0_k;
    CHECK(difference > 0);
    CHECK(difference < 0.6 * apart);
    CHECK(d < 0.8 * split);
    apart = difference, split = d;
  }
  CHECK(apart < 2e-3);
}

TEST_CASE("both tasks: breaking raises the energy and lowers the test error towards training's") {
  // Training at D = 500: see docs/beyond-rs.md.
  const Problem max = slr("max", 1, 2, 0.1);
  const auto softmax = make_activation("softmax");
  const ErmResult rs = erm(max, *softmax, 4, 0.03, 0.03, {.tolerance = 1e-3});
  const RsbResult one = rsb(max, *softmax, 4, 0.03, 0.03, {}, {.tolerance = 3e-3});
  REQUIRE(one.broken);
  CHECK(one.gain > 3 * one.uncertainty.gain);
  CHECK(one.potential < 0.342 + 2 * 0.005);
  CHECK(std::abs(one.test_error - 0.908) + 3 * one.uncertainty.test_error < rs.test_error - 0.908);
}

TEST_CASE(
    "beyond the stability line: Sigma is the slope of phi, and the states' energy is the same by two "
    "identities") {
  const auto softmax = make_activation("softmax");
  const E equations(unstable.problem, *softmax, unstable.alpha, unstable.r, unstable.r, {.level = 1});
  const auto at = [&](double Y, const VectorXd& start) {
    const FixedPointReport report = equations.solve(start, Y, 1e-7);
    REQUIRE(report.residual < 1e-5);
    return report.x;
  };
  const double Y = 10, h = 0.5;
  const VectorXd x = at(Y, E::split(unstable.near, 0.7, 0.7));
  CHECK(x[2] - x[1] > 0.1);
  const ArrayXd m = equations.means(x, Y, false).value;
  const VectorXd out = equations.update(x, Y, m);
  const auto phi = [&](double other) {
    const VectorXd z = at(other, x);
    return equations.update(z, other, equations.means(z, other, false).value)[E::potential];
  };
  CHECK((phi(Y + h) - phi(Y - h)) / (2 * h) == doctest::Approx(out[E::complexity] / (Y * Y)).epsilon(0.03));
  // e = d(Y phi)/dY at fixed overlaps, with the mean of M instead of that of rho^2.
  double e = unstable.alpha * m[R::loss];
  for (const int k : {0, 4}) {
    const double V = x[k + 3], Yd = Y * (x[k + 2] - x[k + 1]), between = x[k + 1] - x[k] * x[k], B = V + Yd;
    e += unstable.r * x[k + 2] / 2 - between / (2 * B) + Yd * between / (2 * B * B) - Yd / (2 * Y * B);
  }
  CHECK(out[E::energy] == doctest::Approx(e).epsilon(2e-5));
}

TEST_CASE("checked values of two unstable points: energy and test error at the best Y") {
  // From an independent writing of the equations; errors in the last digits.
  const auto softmax = make_activation("softmax");
  const RsbResult a = rsb(slr("spiked", 1, 2, 0), *softmax, 2, 0.01, 0.01);
  CHECK(a.broken);
  CHECK(a.potential == doctest::Approx(0.026947).epsilon(2e-4));
  CHECK(a.test_error == doctest::Approx(1.337).epsilon(5e-3));
  CHECK(a.overlaps.q0_k == doctest::Approx(1.24).epsilon(1e-2));
  CHECK(a.overlaps.q1_k == doctest::Approx(2.08).epsilon(1e-2));
  CHECK(a.parisi == doctest::Approx(24.3).epsilon(3e-2));
  const RsbResult b = rsb(unstable.problem, *softmax, 2, 0.03, 0.03);
  CHECK(b.potential == doctest::Approx(0.062475).epsilon(1e-4));
  CHECK(b.test_error == doctest::Approx(0.919).epsilon(3e-3));
  CHECK(b.gain == doctest::Approx(0.062475 - 0.06159).epsilon(2e-2));
  CHECK(std::abs(b.complexity) <= 3 * b.uncertainty.complexity);
}

TEST_CASE("linear attention by Sobol points") {
  const RsbResult c =
      rsb(slr("spiked", 1, 3, 0.25), *make_activation("linear"), 5, 0.3, 0.3, 1.0, {.tolerance = 3e-2});
  CHECK(c.broken);
  CHECK(std::abs(c.test_error - 1.888) <= 0.006 + 2 * c.uncertainty.test_error);
  CHECK(c.overlaps.q0_k == doctest::Approx(0.84).epsilon(0.05));
  CHECK(c.overlaps.q1_k == doctest::Approx(1.0).epsilon(0.04));
}

TEST_CASE("a work limit gives the last resolution that is through, the same at any number of threads") {
  const auto linear = make_activation("linear");
  const auto with = [&](double work, int threads) {
    return rsb(slr("spiked", 1, 3, 0.25), *linear, 5, 0.3, 0.3, 1.0,
               {.tolerance = 1e-6, .threads = threads, .work = work});
  };
  const RsbResult r = with(5e6, 1), same = with(5e6, 3), none = with(1e5, 1);
  CHECK(r.certificate.verdict == Verdict::under_resolved);
  CHECK(std::abs(r.test_error - 1.888) <= 0.006 + 2 * r.uncertainty.test_error);  // as above
  CHECK(r.test_error == same.test_error);
  CHECK(r.certificate.integration_rule == same.certificate.integration_rule);
  CHECK(none.certificate.verdict == Verdict::not_converged);  // not one resolution
  CHECK(std::isnan(none.test_error));
  for (const RsbResult* stopped : {&r, &none})
    CHECK(stopped->certificate.advice.find("work limit") != std::string::npos);
}

TEST_CASE("where replica symmetry is stable it is the solution") {
  const RsbResult r = rsb(stable.problem, *make_activation("softmax"), stable.alpha, stable.r, stable.r);
  CHECK_FALSE(r.broken);
  CHECK(r.overlaps.q0_k == r.overlaps.q1_k);
  CHECK(r.test_error == doctest::Approx(0.377156).epsilon(1e-4));
  CHECK(r.certificate.verdict == Verdict::trusted);
}

TEST_CASE("a Parisi parameter that is not positive is refused") {
  for (const double Y : {0.0, -1.0, double(INFINITY)})
    CHECK_THROWS_AS(static_cast<void>(rsb(stable.problem, *make_activation("softmax"), 4, 0.5, 0.5, Y)),
                    InvalidInput);
}
