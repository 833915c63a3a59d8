#include <doctest/doctest.h>

#include <cmath>
#include <quenched/activation.hpp>
#include <quenched/invalid_input.hpp>

using namespace quenched;

namespace {
Batch value(const Activation& a, const Batch& chi) {
  Batch s;
  a.value(chi, s);
  return s;
}
/// All by name, and some with parameters and formulas.
std::vector<std::string> examples() {
  std::vector<std::string> list = activation_names();
  for (const char* more :
       {"softmax:2", "erf:-1", "kernel:exp(x/2)", "kernel:log(1+exp(x))", "kernel:x^2+1", "kernel:max(x,0)",
        "kernel:exp(x)+exp(-x)", "elementwise:1+tanh(x)", "elementwise:x*exp(-x^2/9)"})
    list.emplace_back(more);
  return list;
}
}  // namespace

TEST_CASE("every activation: first and second derivatives against central differences") {
  Batch chi(5, 3);
  chi << 0.3, -0.7, 1.1, 2.0, 0.1, -1.5, 0.4, 0.5, 0.6, -3.0, 2.5, 0.2, 1.7, -0.3, -0.9;
  for (const std::string& name : examples()) {
    const auto activation = make_activation(name);
    CAPTURE(name);  // no entry of chi is at a kink
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
        const Eigen::ArrayXd first =
            (l == m ? jet.b.col(l) : Eigen::ArrayXd::Zero(5).eval()) - jet.p.col(l) * jet.q.col(m);
        CHECK((first - slope.col(l)).abs().maxCoeff() < 1e-8);
        const Eigen::ArrayXd second = (l == m ? e.col(l) : Eigen::ArrayXd::Zero(5).eval()) -
                                      beta.col(l) * jet.q.col(m) - jet.q.col(l) * beta.col(m);
        CHECK((second - bend.col(l)).abs().maxCoeff() < 1e-8);
      }
    }
  }
}

TEST_CASE("every activation: what its properties claim") {
  Batch chi(2, 4);
  chi << 0.3, -0.7, 1.1, 0.2, 2.0, 0.1, -1.5, 30;
  for (const std::string& name : examples()) {
    CAPTURE(name);
    const auto activation = make_activation(name);
    const Batch s = value(*activation, chi), shifted = value(*activation, chi + 0.9);
    CHECK(((s.rowwise().sum() - 1).abs().maxCoeff() < 1e-14) == activation->info().normalised);
    CHECK(((s - shifted).abs().maxCoeff() < 1e-14) == activation->info().shift_invariant);
    const Eigen::Vector4i swap(2, 1, 0, 3);
    CHECK((value(*activation, chi(Eigen::all, swap)) - s(Eigen::all, swap)).abs().maxCoeff() < 1e-14);
  }
}

TEST_CASE(
    "every activation: elementwise ones see one token, the value at a line's starts, and extreme fields") {
  Batch chi(3, 3);
  chi << 0.2, -1.0, 0.7, -20, -25, -22, 8, 12, 30;
  Batch w(3, 3), moved(3, 2), sw(3, 2), ss(3, 2);
  w << 0.5, -2, 1, 1, 2, 3, -1, 0, 1;
  Batch extreme(5, 3);
  extreme << 1000, 0, -1000, -1000, -1001, -1002, -1000, -1000, -1000, 999, 1000, 1000, -800, -1e5, 0;
  for (const std::string& name : examples()) {
    CAPTURE(name);
    const auto activation = make_activation(name);
    const Batch s = value(*activation, chi);
    if (activation->info().elementwise)
      for (int l : {0, 1, 2}) CHECK((value(*activation, chi.col(l)) == s.col(l)).all());
    for (int l : {0, 1, 2}) {
      activation->lines(chi, w)(l, Eigen::Array2d(-1.5, 2), moved, sw, ss);
      const double slope = std::max(activation->info().softmax_slope, 0.0);
      CHECK((moved.col(1) - moved.col(0) - 3.5 / (slope == 0 ? 1 : slope)).abs().maxCoeff() < 1e-14);
      for (int j : {0, 1}) {
        Batch there = chi;
        there.col(l) = moved.col(j);
        const Batch at = value(*activation, there);
        for (int i : {0, 1, 2}) {
          CHECK(sw(i, j) == doctest::Approx((at * w).row(i).sum()));
          CHECK(ss(i, j) == doctest::Approx(at.square().row(i).sum()));
        }
      }
    }
    ActivationJet jet;
    activation->jet(extreme, jet);
    for (const Batch* f : {&jet.s, &jet.b, &jet.p, &jet.q, &jet.c}) CHECK(f->allFinite());
    if (activation->info().normalised) CHECK((jet.s.rowwise().sum() - 1).abs().maxCoeff() < 1e-14);
  }
}

TEST_CASE("softmax and its relatives") {
  Batch chi(4, 3);
  chi << 1000, 0, -1000, 0.2, -1.0, 0.7, -1000, -1001, -1002, 3, 4, 2.5;
  const auto of = [](const char* name, const Batch& x) { return value(*make_activation(name), x); };
  const Batch softmax = of("softmax", chi);
  CHECK((softmax.row(0) == (Batch(1, 3) << 1, 0, 0).finished()).all());
  Batch beside_zero = Batch::Zero(4, 4);
  beside_zero.leftCols(3) = chi;
  CHECK((of("softmax-1", chi) - of("softmax", beside_zero).leftCols(3)).abs().maxCoeff() < 1e-15);
  for (const char* tail : {"softplus", "logistic-softmax", "elu-kernel"})  // all exp(chi) far below 0
    CHECK((of(tail, chi) - softmax).row(2).abs().maxCoeff() < 1e-15);
  const double h = 1e-5;
  const Batch slope =
      (of("softmax", h * chi.bottomRows(1)) - of("softmax", -h * chi.bottomRows(1))) / (2 * h);
  CHECK((of("centred-linear", chi.bottomRows(1)) - 1 - 3 * slope).abs().maxCoeff() < 1e-8);
  CHECK((of("hardmax", chi) - of("softmax", 1e4 * chi)).abs().maxCoeff() < 1e-15);
  CHECK((of("hardmax", Batch::Constant(1, 4, 2.0)) == 0.25).all());
  CHECK((of("relu-kernel", -chi.bottomRows(1)) == 1 / 3.0).all());
}

TEST_CASE("sparsemax is the nearest point of the simplex: no other vertex is in a descent direction") {
  Batch chi(6, 5);
  chi << 0.3, -0.7, 1.1, 0.9, 0.25, 5, 1, 2, 3, 4.5, 0, 0, 0, 0, 0, 1e3, 1e3, -1e3, 0, 999.5, 0.2, 0.21, 0.19,
      0.2, 0.22, -3, -2.9, -4.2, -3.3, -2.8;
  const Batch s = value(*make_activation("sparsemax"), chi), gradient = s - chi;
  CHECK((s >= 0).all());
  for (int i = 0; i < 6; ++i) {
    CHECK(s.row(i).sum() == doctest::Approx(1));
    CHECK(gradient.row(i).minCoeff() - (gradient * s).row(i).sum() > -1e-12);
  }
}

TEST_CASE("erf takes its offset after the colon") {
  const auto erf = make_activation("erf:-1.5");
  CHECK(erf->info().name == "erf:-1.5");
  CHECK(!erf->info().tunable);
  CHECK(make_activation("erf")->info().tunable);
  for (const double x : {-6.0, -1.0, 0.3, 4.0})
    CHECK(value(*erf, Batch::Constant(1, 1, x))(0, 0) == doctest::Approx(std::erfc(1.5 - x)).epsilon(1e-14));
  for (const char* bad : {"erf:x", "erf:1x", "erf:nan", "erf:inf", "sigmoid:1"})
    CHECK_THROWS_AS((void)make_activation(bad), InvalidInput);
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
  CHECK_THROWS_AS((void)make_activation("softmax:-3"), InvalidInput);
}
