#pragma once
#include <Eigen/Core>
#include <quenched/loss.hpp>

namespace quenched {

struct GlmTraining {
  Eigen::VectorXd k;
  double objective = 0;
  bool converged = false;
};

/// The minimum over k of sum_i ell_i(x_i.k) + (ridge/2)|k|^2, x_i the columns of X.
[[nodiscard]] GlmTraining glm_train(const Eigen::MatrixXd& X, const Eigen::ArrayXd& y, const Loss& loss,
                                    double ridge);

}  // namespace quenched
