#pragma once
#include <quenched/fixed_point.hpp>

#include "rsb_channel.hpp"

namespace quenched {

/// The fixed-point map of one-step replica-symmetry breaking and what is read off it, at one resolution.
class RsbEquations {
 public:
  /// The eight updates come first. complexity: Y^2 d phi/dY at fixed overlaps, which is Y (energy -
  /// potential) at the fixed point, without its cancellation.
  enum Output : int { test_error = 8, train_error, potential, energy, complexity, outputs };

  RsbEquations(const Problem& problem, const Activation& activation, double alpha, double r_k, double r_v,
               const ChannelOptions& options);

  static RsbOverlaps overlaps(const Eigen::VectorXd& x) {
    return {x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]};
  }
  static Eigen::VectorXd vector(const RsbOverlaps& o);
  /// q0 = m^2 + share (q - m^2), q1 = q: shares of 1 are replica symmetry.
  static Eigen::VectorXd split(const OrderParameters& o, double share_k, double share_v);

  [[nodiscard]] bool feasible(const Eigen::VectorXd& x) const;
  /// Channels of all prompt lengths, averaged.
  [[nodiscard]] ChannelMeans means(const Eigen::VectorXd& x, double Y, bool diagnostics) const;
  [[nodiscard]] Eigen::VectorXd update(const Eigen::VectorXd& x, double Y, const Eigen::ArrayXd& means) const;
  [[nodiscard]] FixedPointReport solve(const Eigen::VectorXd& start, double Y, double tolerance,
                                       int damped_steps = 6) const;

  /// The largest eigenvalue of R_ab = alpha V_a^2 E<|G_ab|_F^2>, and of the same between states, with V + Y d
  /// for V and the response of <g> for G.
  [[nodiscard]] double inside_eigenvalue(const Eigen::VectorXd& x, const Eigen::ArrayXd& means) const;
  [[nodiscard]] double between_eigenvalue(const Eigen::VectorXd& x, double Y,
                                          const Eigen::ArrayXd& means) const;
  /// The share of the response inside a state that the mean derivative misses.
  [[nodiscard]] static double jump_weight(double Y, const Eigen::ArrayXd& means);
  [[nodiscard]] std::string rule() const;
  [[nodiscard]] bool sampled() const;
  /// All lengths by random points, so that errors largely cancel between two solutions.
  [[nodiscard]] bool same_points() const;

 private:
  double Delta_, alpha_, r_k_, r_v_;
  std::vector<std::pair<double, std::unique_ptr<RsbChannel>>> channels_;
};

}  // namespace quenched
