#include <doctest/doctest.h>

#include <quenched/certificate.hpp>

using quenched::Certificate;
using quenched::Verdict;
using quenched::VerdictInputs;

namespace {

const VerdictInputs good{.reached = true, .error = 1e-6, .tolerance = 1e-4};

Certificate with(double eigenvalue, double error, double jump_weight, double symmetry = quenched::unknown) {
  Certificate c;
  c.stability_eigenvalue = eigenvalue;
  c.stability_error = error;
  c.jump_weight = jump_weight;
  c.symmetry_eigenvalue = symmetry;
  return c;
}

Verdict judged(Certificate c, const VerdictInputs& inputs = good) {
  judge(c, inputs);
  CHECK(!c.advice.empty());
  return c.verdict;
}

}  // namespace

TEST_CASE("a certificate is born pessimistic") {
  Certificate c;
  CHECK(c.verdict == Verdict::not_converged);
  judge(c, {});
  CHECK(c.verdict == Verdict::not_converged);
  CHECK(!c.stable);
}

TEST_CASE("the first verdict that applies, in the order of the interface") {
  const Certificate bad = with(1.5, 0.1, 0.5, 2);
  CHECK(judged(bad, {.reached = false, .error = 1}) == Verdict::not_converged);
  CHECK(judged(bad, {.reached = true, .error = 1}) == Verdict::under_resolved);
  CHECK(judged(bad, {.reached = true, .error = quenched::unknown}) == Verdict::under_resolved);
  CHECK(judged(bad) == Verdict::broken_symmetry);
  CHECK(judged(with(1.5, 0.1, 0.5)) == Verdict::unstable);
  CHECK(judged(with(1.05, 0.1, 0.5)) == Verdict::jumps);
  CHECK(judged(with(1.05, 0.1, 0.001)) == Verdict::marginal);
  const VerdictInputs beaten{.reached = true, .error = 0, .tolerance = 1e-4, .better_branch = true};
  CHECK(judged(with(0.5, 0.1, 0.001, 0.3), beaten) == Verdict::metastable);
  CHECK(judged(with(0.5, 0.1, 0.001, 0.3)) == Verdict::trusted);
}

TEST_CASE("jumps count by the sharper of two measures, and only beyond its error") {
  const auto verdict = [](double weight, double error, double direct, double direct_error) {
    Certificate c = with(0.5, 0.1, weight);
    c.jump_weight_error = error, c.jump_weight_direct = direct, c.jump_weight_direct_error = direct_error;
    return judged(c);
  };
  CHECK(verdict(0.3, 0.05, quenched::unknown, quenched::unknown) == Verdict::jumps);
  CHECK(verdict(0.3, 0.5, quenched::unknown, quenched::unknown) == Verdict::marginal);
  CHECK(verdict(0.3, 0.5, 0.01, 0.02) == Verdict::trusted);
  CHECK(verdict(0.01, 0.5, 0.3, 0.02) == Verdict::jumps);
  CHECK(verdict(0.05, 0.01, 0.3, 0.4) == Verdict::trusted);
  CHECK(verdict(quenched::unknown, quenched::unknown, quenched::unknown, quenched::unknown) ==
        Verdict::trusted);
}

TEST_CASE("jumps of a response that nearly vanishes count by their share of 1/V_k") {
  const auto verdict = [](double weight, double error, double share) {
    Certificate c = with(0.5, 0.1, weight);
    c.jump_weight_error = error, c.jump_share = share;
    CHECK((jump_excess(c) > 0) == (judged(c) != Verdict::trusted));
    return judged(c);
  };
  CHECK(verdict(12.6, 1, 0.0004) == Verdict::trusted);
  CHECK(verdict(12.6, 1, 0.2) == Verdict::jumps);
  CHECK(verdict(12.6, 5, 0.011) == Verdict::marginal);
  CHECK(verdict(0.05, 0.01, 0.2) == Verdict::trusted);  // both measures must exceed their thresholds
}

TEST_CASE("stable is an answer only beyond the error bar; what does not apply is skipped") {
  const auto stable = [](double eigenvalue) {
    Certificate c = with(eigenvalue, 0.05, 0);
    judge(c, good);
    return c.stable;
  };
  CHECK(stable(0.9) == true);
  CHECK(stable(1.1) == false);
  CHECK(!stable(0.98).has_value());
  CHECK(judged(Certificate{}) == Verdict::trusted);
}
