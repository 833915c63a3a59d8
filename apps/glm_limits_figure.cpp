#include "figure.hpp"

namespace quenched::apps {

/// H. Taheri, R. Pedarsani, C. Thrampoulidis, arXiv:2006.08917.
const Figure glm_limits_figure = {
    .name = "glm-limits",
    .help = "fundamental limits of ridge-regularised ERM (arXiv:2006.08917)",
    .pictures = {
        {.name = "real-labels",
         .caption = "|k - k*|^2/D of tuned square and absolute loss, noise of variance 1/2 (Gaussian and "
                    "Laplace). Black: the least that any convex loss and ridge reach.",
         .axes = {.y = "excess_error", .panels = "teacher"},
         .parts = {{.command = &glm_command,
                    .parameters = {{"teacher", "linear,linear-laplace"},
                                   {"noise", "0.5"},
                                   {"loss", "square,absolute,bayes"},
                                   {"ridge", "optimal"},
                                   {"alpha", "0.25:8:32"}}},
                   {.command = &glm_simulate_command,
                    .parameters = {{"teacher", "linear,linear-laplace"},
                                   {"noise", "0.5"},
                                   {"loss", "square,absolute"},
                                   {"ridge", "optimal"},
                                   {"alpha", "1,2,4"},
                                   {"dimension", "300"}},
                    .settings = {{"seeds", "16"}}}}},
        {.name = "binary-labels",
         .caption = "Wrong labels of tuned square, logistic and hinge loss at signal strength 10. Black: the "
                    "least that any convex loss and ridge reach.",
         .axes = {.panels = "teacher"},
         .parts = {{.command = &glm_command,
                    .parameters = {{"teacher", "sign,logistic"},
                                   {"strength", "10"},
                                   {"loss", "square,logistic,hinge,bayes"},
                                   {"ridge", "optimal"},
                                   {"alpha", "0.25:8:32"}}},
                   {.command = &glm_simulate_command,
                    .parameters = {{"teacher", "sign,logistic"},
                                   {"strength", "10"},
                                   {"loss", "square,logistic,hinge"},
                                   {"ridge", "optimal"},
                                   {"alpha", "1,2,4"},
                                   {"dimension", "300"}},
                    .settings = {{"seeds", "16"}}}}},
        {.name = "least-squares-ratio",
         .caption =
             "Wrong labels of tuned least squares over the least that any convex loss and ridge reach: "
             "logistic teacher.",
         .axes = {.x = "strength", .y = "test_error_over_limit", .panels = "teacher"},
         .parts = {{.command = &glm_command,
                    .parameters = {{"teacher", "logistic"},
                                   {"strength", "0.1:100:31:log,1,10,100"},
                                   {"loss", "square,bayes"},
                                   {"ridge", "optimal"},
                                   {"alpha", "1,3,10"}}},
                   {.command = &glm_simulate_command,
                    .parameters = {{"teacher", "logistic"},
                                   {"strength", "1,10,100"},
                                   {"loss", "square"},
                                   {"ridge", "optimal"},
                                   {"alpha", "1,3,10"},
                                   {"dimension", "300"}},
                    .settings = {{"seeds", "32"}}}},
         .over_limit = true}}};

}  // namespace quenched::apps
