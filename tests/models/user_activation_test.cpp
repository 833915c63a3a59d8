#include <doctest/doctest.h>

#include <cmath>
#include <quenched/invalid_input.hpp>
#include <quenched/user_activation.hpp>

using namespace quenched;

namespace {

UserFunction cosine(double slope_error, double bend_error) {
  return {"cosine", "2 + cos(x)", [=](const Batch& x) {
            return Curve{2 + x.cos(), -(1 + slope_error) * x.sin(), -(1 + bend_error) * x.cos()};
          }};
}

}  // namespace

TEST_CASE("a function of one's own gives the activation of its formula") {
  const auto mine = user_kernel(cosine(0, 0)), theirs = make_activation("kernel:2+cos(x)");
  const Batch chi = 30 * Batch::Random(50, 3);
  Batch a, b;
  mine->value(chi, a), theirs->value(chi, b);
  CHECK((a - b).abs().maxCoeff() < 1e-14);
  ActivationJet ja, jb;
  mine->jet(chi, ja), theirs->jet(chi, jb);
  CHECK((ja.b - jb.b).abs().maxCoeff() < 1e-14);
  CHECK((ja.c - jb.c).abs().maxCoeff() < 1e-14);
  CHECK(mine->info().name == "cosine");
  CHECK_FALSE(mine->info().exponential);
}

TEST_CASE("exp in a double's range is softmax") {
  const auto exponential = [](const Batch& x) {
    return Curve{3 * (2 * x).exp(), 6 * (2 * x).exp(), 12 * (2 * x).exp()};
  };
  CHECK(user_kernel({"mine", "3 exp(2x)", exponential})->info().softmax_slope == doctest::Approx(2));
}

TEST_CASE("derivatives that are none are found") {
  CHECK_NOTHROW(check_derivatives(cosine(0, 0)));
  CHECK_THROWS_WITH_AS(check_derivatives(cosine(1e-3, 0)), doctest::Contains("its derivative is"),
                       InvalidInput);
  CHECK_THROWS_WITH_AS(check_derivatives(cosine(0, 1e-3)), doctest::Contains("its second derivative is"),
                       InvalidInput);
}

TEST_CASE("an activation is known by its name while it is on offer") {
  const auto mine = user_kernel(cosine(0, 0));
  {
    const OfferedActivation offer(mine);
    CHECK(make_activation("cosine") == mine);
    CHECK_THROWS_AS(OfferedActivation{mine}, InvalidInput);
  }
  CHECK_THROWS_AS(static_cast<void>(make_activation("cosine")), InvalidInput);
}
