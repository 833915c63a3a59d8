#pragma once
#include <optional>
#include <quenched/batch.hpp>
#include <quenched/task.hpp>
#include <vector>

#include "quintic_table.hpp"

namespace quenched {

/// Averages over the values w of all tokens, given S and the label y, for the Bayes-optimal equations of any
/// task (docs/equations.md, equation 4.6). p_l = S_l E_l/sum_m S_m E_m with E_l = exp(-t_l^2/2), t_l = (y -
/// w_l)/sqrt(s), s = 1 - q_v + Delta, is the probability that l wins the race of the levels log S_l - t_l^2/2
/// + G_l (G_l standard Gumbel), and given y the w_l ~ N(0, q_v) are independent. With z_l = x - log S_l,
///     K(z) = E_w exp(-e^{-z} E),  Phi(z) = E_w E exp(-e^{-z} E),  Psi(z) = E_w t^2 E exp(-e^{-z} E):
///     sum_eps S_eps E_w[E_eps p_l p_m] = Int e^{-x} S_l S_m Phi(z_l) Phi(z_m) prod_{others} K dx  (l != m)
///                                      = Int S_l Phi'(z_l) prod_{others} K dx  (l = m);  with t_l^2: Psi'.
/// The label, of law N(0, 1 + Delta), is averaged over too: a trapezoid rule of some ten values y >= 0 (by
/// symmetry).
class LabelledRace {
 public:
  /// Tables for every label. Needs 0 <= q_v <= 1. `resolution` divides every step (1: about 1e-8). Cost: 1 to
  /// 10 ms.
  LabelledRace(const Problem& problem, double q_v, double resolution, int threads);

  enum Mean { forces, squares, log_sum, race_means };
  /// Rows are samples: log S_l, and G_lm = d log S_l/d a_m in column l * L + m. Times sum_l S_l, averaged
  /// over w and the label:
  ///     sum_m (sum_l p_l G_lm)^2,  sum_l p_l^2 t_l^2,  log sum_l S_l exp(-t_l^2/2) (if wanted).
  /// Where `label` is given, standard normals, each chooses its sample's label, and the average over labels
  /// is one over samples. Tokens beyond `places` are taken to be exchangeable with the first. Cost: .3 us a
  /// token, label and sample at few tokens.
  [[nodiscard]] Batch means(const Batch& log_S, const Batch& G, int places, bool with_log_sum,
                            const Eigen::ArrayXd* label = nullptr) const;
  [[nodiscard]] int labels() const { return static_cast<int>(labels_.size()); }

 private:
  struct Label {
    double weight, probability, Phi_infinity;
    // log K, Phi less its value at infinity, Phi', Psi', all but the first over K
    std::optional<QuinticTable> tables;
  };
  [[nodiscard]] Label tabulated(double y, double q_v, double s, double resolution) const;

  double root_y_, step_y_, step_, left_;
  int nodes_;
  std::vector<Label> labels_;
};

}  // namespace quenched
