#include <doctest/doctest.h>

#include <cmath>
#include <quenched/glm.hpp>
#include <quenched/glm_simulate.hpp>
#include <string>

using namespace quenched;

TEST_CASE(
    "theory within 4 standard errors of training, for every teacher with every loss that takes its labels") {
  for (const std::string teacher :
       {"linear", "linear-laplace", "linear-student-t:6", "sign:0.1", "logistic", "probit"})
    for (const std::string& loss : loss_names()) {
      const auto t = make_teacher(teacher, 2, teacher.starts_with("linear") ? 0.3 : 0);
      const auto l = make_loss(loss);
      if (!t->info().labels && !l->info().residual) continue;
      INFO(teacher, " ", loss);
      const GlmSimulateResult found = glm_simulate({.teacher = t,
                                                    .loss = l,
                                                    .dimension = 200,
                                                    .alpha = 2.5,
                                                    .ridge = 0.3,
                                                    .seeds = 16,
                                                    .test_samples = 1 << 15});
      const GlmResult theory = glm(*t, *l, 2.5, 0.3);
      CHECK(found.converged == 16);
      CHECK(found.samples == 500);
      const auto agree = [&](double GlmMeasurements::*a, double GlmFigures::*b) {
        return std::abs(found.mean.*a - theory.*b) <= 4 * found.standard_error.*a;
      };
      CHECK(agree(&GlmMeasurements::m, &GlmFigures::m));
      CHECK(agree(&GlmMeasurements::q, &GlmFigures::q));
      CHECK(agree(&GlmMeasurements::test_error, &GlmFigures::test_error));
      CHECK(agree(&GlmMeasurements::train_error, &GlmFigures::train_error));
      CHECK(agree(&GlmMeasurements::train_loss, &GlmFigures::train_loss));
      CHECK(agree(&GlmMeasurements::energy, &GlmFigures::energy));
      if (t->info().labels) CHECK(agree(&GlmMeasurements::sign_error, &GlmFigures::sign_error));
      // and it is not agreement by large errors
      CHECK(found.standard_error.m < 0.05 * found.mean.m);
    }
}
