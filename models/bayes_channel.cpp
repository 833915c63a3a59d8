#include "bayes_channel.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <quenched/point_set.hpp>
#include <quenched/vector_math.hpp>

#include "independent_tokens.hpp"
#include "labelled_race.hpp"

namespace quenched {
namespace {

class IndependentChannel final : public BayesChannel {
 public:
  IndependentChannel(const Problem& problem, double tolerance, int threads)
      : problem_(problem), coarsest_(tolerance < 1e-6 ? 0.7 : 0.55), threads_(threads) {}

  /// spiked: g_k = sqrt(nu) p, g_v,l = p_l t_l/sqrt(s), S_l N(y; w_l, s) = exp(a_l - nu q_k/2)/(L sqrt(2 pi
  /// s)).
  Batch averages(const Eigen::Vector2d& q, int level, bool all) const override {
    const double nu = problem_.task->signal(), s = label_variance(problem_, q[1]);
    const LabelledTokens mean = labelled_tokens(nu, problem_, q[0], q[1], resolution(level), all, threads_);
    Batch row = Batch::Zero(1, bayes_columns);
    row(g_k2) = nu * mean.hit;
    row(g_v2) = mean.hit_t2 / s;
    if (!all) return row;
    row(log_Z) = mean.log_sum - nu * q[0] / 2 - std::log(2 * std::numbers::pi * s) / 2;
    row(attention) = 1 - spiked_gap(std::sqrt(nu * q[0]), problem_.lengths, resolution(level) + 0.3);
    return row;
  }
  int last_level() const override { return 6; }
  Eigen::Vector2d informed() const override { return {1 - 1e-9, 1 - 1e-9}; }
  std::string rule(int level) const override {
    return "one dimension by the Gumbel race, trapezoid rules at resolution " +
           std::to_string(resolution(level)).substr(0, 4);
  }

 private:
  double resolution(int level) const { return coarsest_ * std::pow(1.4, level); }
  Problem problem_;
  double coarsest_;
  int threads_;
};

class SampledBayesChannel final : public BayesChannel {
 public:
  SampledBayesChannel(const Problem& problem, int points, std::uint64_t seed, int threads,
                      std::shared_ptr<WorkLimit> work, bool direct, double tolerance)
      : problem_(problem),
        points_(points),
        seed_(seed),
        threads_(threads),
        work_(std::move(work)),
        direct_(direct),
        accuracy_(std::clamp(1e-4 * tolerance, 1e-13, 1e-8)),
        finest_race_(std::max(0.7, 0.7 + 0.1 * std::log10(100 * race_error / tolerance))) {
    const int L = std::ranges::max(problem.lengths, {}, &Length::tokens).tokens;
    for (int tokens = L; tokens > places && fewer_ < 4; tokens /= 2) ++fewer_;
  }

  Batch averages(const Eigen::Vector2d& q, int level, bool all) const override {
    std::optional<LabelledRace> race;
    if (!direct_)  // errors fall by 10 each 0.1
      race.emplace(problem_, q[1], std::min(0.6 + 0.1 * level, finest_race_), threads_);
    if (level > 0 && !all_labels_) all_labels_ = race && all_labels_pay(q, *race);  // level 0 stays one map
    Batch total = Batch::Zero(replicates, bayes_columns);
    for (const auto& [L, weight] : problem_.lengths)
      total += weight * means(q, L, level, all, race, level > 0 && *all_labels_);
    total.leftCols(2) = total.leftCols(2).max(0);  // at q = 0 rounding is left of the race's sums
    return total;
  }
  int last_level() const override { return points_ > 0 ? 1 : 4; }
  /// Closer to 1 the posterior of eps jumps within 1 - q of a boundary that few points see.
  Eigen::Vector2d informed() const override { return {0.98, 0.999}; }
  std::string rule(int level) const override {
    return std::string(direct_ ? "" : "values and label by the Gumbel race, fields by ") +
           std::to_string(replicates) + " x " + std::to_string(size(level)) + " scrambled Sobol points";
  }

 private:
  static constexpr int replicates = 16, places = 16;
  static constexpr double race_error =
      1.5e-6;  // of LabelledRace at resolution 0.7, measured; shared by the replicates
  /// Whether averaging over all labels at every point of the longest prompts calms the roughest rule by more
  /// than it costs: where little is known of v the fields matter less than the label. Few dimensions' points
  /// are calm of themselves.
  bool all_labels_pay(const Eigen::Vector2d& q, const LabelledRace& race) const {
    const int L = std::ranges::max(problem_.lengths, {}, &Length::tokens).tokens;
    constexpr int few = 8;
    if (L <= few) return false;
    const auto variance = [&](bool labels) {
      const Batch f = means(q, L, 0, false, race, labels).leftCols(2);
      return ((f.rowwise() - f.colwise().mean()).square().colwise().sum() / f.colwise().mean().square())
          .eval();
    };
    const double cost = passes(L, race.labels()) / passes(L, 1);
    return (variance(false) / variance(true)).maxCoeff() > 4 * cost;
  }
  /// Over a token of a sample, by this many labels.
  static double passes(int L, int labels) { return 8 + labels * (3 + 0.4 * L); }

  Batch means(const Eigen::Vector2d& q, int L, int level, bool all, const std::optional<LabelledRace>& race,
              bool all_labels) const {
    const int own = direct_ ? L : all_labels ? 0 : 1;  // dimensions beside the fields
    if (work_)                                         // before memory is taken
      work_->spend(double(replicates) * size(level) * L *
                   (direct_      ? 3.0 * L + std::min(L, places) * L / 128.0
                    : all_labels ? passes(L, race->labels())
                                 : passes(L, 1)));
    const Batch sums = replicate_means(
        points(L, own, level), bayes_columns + 1,
        [&](const Batch& x, Batch& f) { integrand(q, x, L, all, race, f); }, threads_);
    return sums.leftCols(bayes_columns).colwise() / sums.col(bayes_columns);  // the last column has mean 1
  }
  int size(int level) const {
    if (points_ > 0 && level > 0)
      return static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(2, points_ / replicates))));
    // In all 2^11 (2^13 of the direct rule, whose points are noisier), 2^14, 2^16, 2^18, 2^20.
    return (1 << (level > 0 ? 8 + 2 * level : direct_ ? 9 : 7)) >> fewer_;
  }
  const PointSet& points(int L, int own, int level) const {
    const int dimension = own + L;
    for (const PointSet& known : kept_)
      if (known.dimension == dimension && known.size == size(level)) return known;
    if (level > 0)
      std::erase_if(kept_, [&](const PointSet& p) { return p.size != size(0) && p.size != size(level); });
    kept_.push_back(
        scrambled_sobol(dimension, size(level), replicates, seed_ + static_cast<std::uint64_t>(L), threads_));
    return kept_.back();
  }

  /// Every hidden location in turn, weighted by S_eps(omega), omega ~ N(0, q_k I): their sum is exchangeable,
  /// and sum_eps S_eps has mean 1; beyond `places` tokens the first of them will do, L/places times as heavy.
  void integrand(const Eigen::Vector2d& q, const Batch& x, int L, bool all,
                 const std::optional<LabelledRace>& race, Batch& f) const {
    const Eigen::Index n = x.rows(), own = x.cols() - L;
    // omega by Helmert's orthogonal coordinates: the last is the mean, of which a shift-invariant S is free.
    Batch omega(n, L), log_S, gradient;
    for (int l = 0; l < L; ++l) omega.col(l) = x.col(x.cols() - 1) / std::sqrt(L);
    for (int m = 1; m < L; ++m) {
      const Eigen::ArrayXd u = x.col(own + m - 1) / std::sqrt(m * (m + 1.0));
      for (int l = 0; l < m; ++l) omega.col(l) += u;
      omega.col(m) -= m * u;
    }
    omega *= std::sqrt(q[0]);
    problem_.task->posterior(omega, 1 - q[0], log_S, gradient, accuracy_);
    const Batch S = log_S.exp();
    const Eigen::ArrayXd total = S.rowwise().sum(), attended = S.square().rowwise().sum() / total.square();
    const double s = label_variance(problem_, q[1]);
    f.setZero();
    f.col(attention) = total * attended;
    f.col(bayes_columns) = total;
    if (race) {
      const Eigen::ArrayXd label = x.col(0);
      const Batch means = race->means(log_S, gradient, places, all, own > 0 ? &label : nullptr);
      f.col(g_k2) = means.col(LabelledRace::forces);
      f.col(g_v2) = means.col(LabelledRace::squares) / s;
      f.col(log_Z) = means.col(LabelledRace::log_sum) - total * std::log(2 * std::numbers::pi * s) / 2;
    } else {
      add_direct(x, S, log_S, gradient, std::sqrt(q[1]), s, f);
    }
  }

  /// d_l = y - w_l: d_eps ~ N(0, s), d_l - d_eps ~ N(0, q_v (I + 1 1^T)) for the others.
  static void add_direct(const Batch& x, const Batch& S, const Batch& log_S, const Batch& gradient,
                         double root_q, double s, Batch& f) {
    const Eigen::Index n = S.rows();
    const auto L = static_cast<int>(S.cols());
    const double a = L > 1 ? (std::sqrt(L) - 1) / (L - 1) : 0;  // (I + a 1 1^T)^2 = I + 1 1^T
    Batch apart = root_q * x.middleCols(1, L - 1);
    if (L > 1) apart.colwise() += a * apart.rowwise().sum().eval();
    const Eigen::ArrayXd d_eps = std::sqrt(s) * x.col(0);
    const int used = std::min(L, places);
    Batch d(n, L), p(n, L);
    Eigen::ArrayXd g(n), g2(n);
    for (int eps = 0; eps < used; ++eps) {
      for (int l = 0, other = 0; l < L; ++l)
        d.col(l) = l == eps ? d_eps : (d_eps + apart.col(other++)).eval();
      p = log_S - d.square() / (2 * s);
      const Eigen::ArrayXd top = p.rowwise().maxCoeff();
      p.colwise() -= top;
      vector_math::exp(p.reshaped(), p.reshaped());
      const Eigen::ArrayXd Z = p.rowwise().sum(), weight = S.col(eps) * (double(L) / used);
      p.colwise() /= Z;
      g2.setZero();
      for (int m = 0; m < L; ++m) {
        g.setZero();
        for (int l = 0; l < L; ++l) g += p.col(l) * gradient.col(l * L + m);
        g2 += g.square();
      }
      f.col(g_k2) += weight * g2;
      f.col(g_v2) += weight * (p * d).square().rowwise().sum() / (s * s);
      f.col(log_Z) += weight * (top + Z.log() - std::log(2 * std::numbers::pi * s) / 2);
    }
  }

  Problem problem_;
  int points_;
  std::uint64_t seed_;
  int threads_;
  std::shared_ptr<WorkLimit> work_;
  bool direct_;
  double accuracy_, finest_race_;
  int fewer_ = 0;                           // halvings of the points
  mutable std::optional<bool> all_labels_;  // at every point; else one
  mutable std::vector<PointSet> kept_;
};

}  // namespace

std::unique_ptr<BayesChannel> independent_channel(const Problem& problem, double tolerance, int threads) {
  return std::make_unique<IndependentChannel>(problem, tolerance, threads);
}

std::unique_ptr<BayesChannel> sampled_channel(const Problem& problem, int points, std::uint64_t seed,
                                              int threads, std::shared_ptr<WorkLimit> work, bool direct,
                                              double tolerance) {
  return std::make_unique<SampledBayesChannel>(problem, points, seed, threads, std::move(work), direct,
                                               tolerance);
}

}  // namespace quenched
