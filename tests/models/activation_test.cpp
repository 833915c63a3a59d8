#include <doctest/doctest.h>
#include <quenched/activation.hpp>
#include <quenched/invalid_input.hpp>

using namespace quenched;

namespace {
Batch value(const Activation& a, const Batch& chi) {
  Batch s;
  a.value(chi, s);
  return s;
}
}  // namespace

TEST_CASE("every activation: first and second derivatives against central differences") {
  Batch chi(5, 3);
  chi << 0.3, -0.7, 1.1, 2.0, 0.1, -1.5, 0.4, 0.5, 0.6, -3.0, 2.5, 0.2, 1.7, -0.3, -0.9;
  for (const std::string& name : activation_names()) {
    const auto activation = make_activation(name);
    CAPTURE(name);
    if (!activation->info().smooth) continue;
    ActivationJet jet;
    activation->jet(chi, jet);
    CHECK((jet.s - value(*activation, chi)).abs().maxCoeff() < 1e-15);
    Batch u(5, 3), e, beta;
    u << 1, 2, -1, 0.5, 0.1, 0.7, -2, 1, 1, 0, 0, 1, 3, -1, 2;
    activation->curvature(jet, u, e, beta);
    const double h = 1e-5;
    for (int m = 0; m < 3; ++m) {
      Batch up = chi, down = chi;
      up.col(m) += h, down.col(m) -= h;
      const Batch slope = (value(*activation, up) - value(*activation, down)) / (2 * h);
      ActivationJet jet_up, jet_down;
      activation->jet(up, jet_up), activation->jet(down, jet_down);
      const auto pullback = [&](const ActivationJet& j) -> Batch {  // sum_l u_l d sigma_l/d chi
        return j.b * u - j.q.colwise() * (j.p * u).rowwise().sum();
      };
      const Batch bend = (pullback(jet_up) - pullback(jet_down)) / (2 * h);
      for (int l = 0; l < 3; ++l) {
        const Eigen::ArrayXd first = (l == m ? jet.b.col(l) : Eigen::ArrayXd::Zero(5).eval()) - jet.p.col(l) * jet.q.col(m);
        CHECK((first - slope.col(l)).abs().maxCoeff() < 1e-8);
        const Eigen::ArrayXd second = (l == m ? e.col(l) : Eigen::ArrayXd::Zero(5).eval()) - beta.col(l) * jet.q.col(m) -
                                      jet.q.col(l) * beta.col(m);
        CHECK((second - bend.col(l)).abs().maxCoeff() < 1e-8);
      }
    }
  }
}

TEST_CASE("every activation: what its properties claim") {
  Batch chi(2, 4);
  chi << 0.3, -0.7, 1.1, 0.2, 2.0, 0.1, -1.5, 30;
  for (const std::string& name : activation_names()) {
    CAPTURE(name);
    const auto activation = make_activation(name);
    const Batch s = value(*activation, chi), shifted = value(*activation, chi + 0.9);
    CHECK(((s.rowwise().sum() - 1).abs().maxCoeff() < 1e-14) == activation->info().normalised);
    CHECK(((s - shifted).abs().maxCoeff() < 1e-14) == activation->info().shift_invariant);
    const Eigen::Vector4i swap(2, 1, 0, 3);
    CHECK((value(*activation, chi(Eigen::all, swap)) - s(Eigen::all, swap)).abs().maxCoeff() < 1e-14);
  }
}

TEST_CASE("softmax: no overflow, and the value at a line's start") {
  const auto softmax = make_activation("softmax");
  Batch chi(1, 3);
  chi << 1000, 0, -1000;
  CHECK((value(*softmax, chi) == (Batch(1, 3) << 1, 0, 0).finished()).all());
  chi << 0.2, -1.0, 0.7;
  const Batch w = (Batch(1, 3) << 0.5, -2, 1).finished();
  Batch moved(1, 2), sw(1, 2), ss(1, 2);
  softmax->line(chi, w, 1, Eigen::Array2d(-1.5, 2), moved, sw, ss);
  for (int j : {0, 1}) {
    Batch there = chi;
    there(0, 1) = moved(0, j);
    const Batch s = value(*softmax, there);
    CHECK(sw(0, j) == doctest::Approx((s * w).sum()));
    CHECK(ss(0, j) == doctest::Approx(s.square().sum()));
  }
}

TEST_CASE("an unknown activation is refused and the known ones listed") {
  try {
    (void)make_activation("sofmax");
    FAIL("accepted");
  } catch (const InvalidInput& error) {
    CHECK(error.key() == "activation");
    CHECK(error.value() == "sofmax");
    for (const std::string& name : activation_names()) CHECK(error.rule().find(name) != std::string::npos);
  }
  CHECK_THROWS_AS((void)make_activation("softmax:3"), InvalidInput);
}
