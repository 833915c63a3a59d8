#include <Eigen/QR>
#include <array>
#include <cmath>
#include <optional>
#include <quenched/parallel.hpp>
#include <quenched/point_set.hpp>

#include "linear_frame.hpp"
#include "linear_proximal.hpp"
#include "rsb_channel.hpp"
#include "sampled_points.hpp"

namespace quenched {
namespace {

using Eigen::ArrayXd;
using Eigen::MatrixXd;
namespace R = rsb_mean;

constexpr int outer_replicates = 16;
constexpr int chunk = 64;  // outer points at a time
constexpr int sets = 4;    // of inner points, independent, each with its antithetic ones
/// Columns of what an outer point gives beside its means: what has a known mean.
constexpr std::array controlled = {R::mhat_k,  R::qhat1_k, R::Vhat_k,     R::mhat_v,
                                   R::qhat1_v, R::Vhat_v,  R::rho_squared};
constexpr std::array symmetric = {mhat_k, qhat_k, Vhat_k, mhat_v, qhat_v, Vhat_v, rho_squared};

/// Outer points are (y's noise, w's L normals, the fields' normals), inner ones (w's, the fields'). Every
/// outer point has two independent antithetic halves of inner points, and every mean T of theirs that is not
/// linear is estimated by
///     2 T(all) - (T(first) + T(second))/2,
/// which takes off its bias of order one over their number. The same from halves and quarters shows what bias
/// is left, which counts as error. Control variates: the weight of the point, y^2 and, where `symmetric_rule`
/// is given, the means at Y = 0, which are those of replica symmetry at (m, q1, V). Their coefficients are
/// least squares over the outer points.
class RsbSampledChannel final : public RsbChannel {
 public:
  RsbSampledChannel(const Problem& problem, const Activation& activation, int tokens,
                    const ChannelOptions& options, std::unique_ptr<Channel> symmetric_rule)
      : problem_(problem),
        activation_(activation),
        L_(tokens),
        threads_(options.threads),
        linear_(activation.info().name == "linear" && tokens > 1),
        work_(options.work),
        set_(linear_ ? 16 : 8),  // where an outer point is cheap beside them, more
        size_(static_cast<int>((linear_ ? 128 : 256) * std::exp2(options.level))),
        symmetric_rule_(std::move(symmetric_rule)) {
    const std::uint64_t seed = options.seed + 1000003ULL * static_cast<std::uint64_t>(L_);
    if (linear_ && L_ > LinearFrame::vectors && problem.task->independent_tokens())
      frame_ = LinearFrame{L_}, L_ = LinearFrame::vectors;
    common_mode_ = common_mode(activation.info(), L_);
    fields_ = common_mode_ ? L_ : L_ - 1;
    outer_ = scrambled_sobol(frame_ ? LinearFrame::outer_dimension : 1 + L_ + fields_, size_,
                             outer_replicates, seed, threads_);
    // Inner sets shared by outer points leave an error that more outer points do not lower.
    constexpr int most = 8192;  // sets of a replicate, times dimensions
    while (2 * pool_ <= std::min(4 * size_, 2 * most / (L_ + fields_))) pool_ *= 2;
    inner_ = scrambled_sobol(frame_ ? LinearFrame::inner_dimension : L_ + fields_, set_,
                             outer_replicates * pool_, seed + 500000003ULL, threads_);
    if (frame_) {
      outer_.normals = frame_->outer(outer_.normals, threads_);
      inner_.normals = frame_->inner(inner_.normals, threads_);
      missing_ = frame_->offset(), others_ = frame_->tokens - L_, alone_ = L_ - LinearFrame::shared;
    } else {
      missing_ = Eigen::RowVectorXd::Zero(L_);
    }
    if (!linear_) warm_.resize(static_cast<std::size_t>(outer_replicates) * size_);
  }

  std::string rule() const override {
    return "scrambled Sobol, " + std::to_string(outer_replicates) + " x " + std::to_string(size_) +
           " outer x " + std::to_string(block_) + " inner points";
  }
  bool sampled() const override { return true; }

  ChannelMeans means(const RsbOverlaps& o, double Y, bool diagnostics) override {
    const int outputs = diagnostics ? R::all : R::fixed_point, chunks = outer_replicates * size_ / chunk;
    ChannelMeans known;
    if (symmetric_rule_)
      known = symmetric_rule_->means({o.m_k, o.q1_k, o.V_k, o.m_v, o.q1_v, o.V_v},
                                     diagnostics ? Detail::errors : Detail::means);
    const int controls = 2 + (symmetric_rule_ ? static_cast<int>(controlled.size()) : 0);
    ArrayXd expected(controls);
    expected.head(2) << 1, 1 + problem_.noise;
    for (int k = 2; k < controls; ++k) expected[k] = known.value[symmetric[k - 2]];

    Batch sums(chunks, outputs + controls), bias_sums(chunks, outputs);
    std::vector<MatrixXd> products(chunks);  // of the controls with everything
    parallel_for(chunks, threads_, [&](int c) {
      Batch bias, each = chunk_means(o, Y, c, diagnostics, controls, bias);
      bias_sums.row(c) = bias.colwise().sum();
      each.rightCols(controls).rowwise() -= expected.transpose();
      sums.row(c) = each.colwise().sum();
      products[c] = each.rightCols(controls).matrix().transpose() * each.matrix();
    });
    Batch each = Batch::Zero(outer_replicates, outputs + controls),
          bias = Batch::Zero(outer_replicates, outputs);
    MatrixXd product = MatrixXd::Zero(controls, outputs + controls);
    for (int c = 0; c < chunks; ++c) {
      const int r = c / (size_ / chunk);
      each.row(r) += sums.row(c), bias.row(r) += bias_sums.row(c), product += products[c];
    }
    each /= size_, bias /= size_;
    const Eigen::RowVectorXd centre = each.colwise().mean();
    product -= outer_replicates * size_ * centre.tail(controls).transpose() * centre;
    const MatrixXd slopes =
        product.rightCols(controls).completeOrthogonalDecomposition().solve(product.leftCols(outputs));
    each.leftCols(outputs) -= (each.rightCols(controls).matrix() * slopes).array();

    ChannelMeans m;
    m.value = each.leftCols(outputs).colwise().mean();
    m.deviation.resize(outer_replicates + 1, outputs);
    m.deviation.topRows(outer_replicates) = replicate_deviations(each.leftCols(outputs));
    // What the inner number of points leaves, no replicate shows: as far as it stands out of its noise, and
    // twice that, since it falls slowly where few inner points carry the weight.
    const Eigen::ArrayXd noise2 = replicate_deviations(bias).square().colwise().sum().transpose(),
                         found = bias.colwise().mean().transpose();
    m.deviation.row(outer_replicates) = 2 * (found.square() - noise2).max(0).sqrt().transpose();
    if (!symmetric_rule_) return m;
    m.value[R::hit] = known.value[hit], m.value[R::power] = known.value[power];
    m.deviation.col(R::hit) = m.deviation.col(R::power) = 0;
    if (diagnostics) {  // errors of the known means
      Batch further(known.deviation.rows(), outputs);
      MatrixXd wrong(known.deviation.rows(), controls);
      wrong.leftCols(2).setZero();
      for (int k = 2; k < controls; ++k) wrong.col(k) = known.deviation.col(symmetric[k - 2]);
      further = wrong * slopes;
      further.col(R::hit) = known.deviation.col(hit), further.col(R::power) = known.deviation.col(power);
      Batch both(m.deviation.rows() + further.rows(), outputs);
      both << m.deviation, further;
      m.deviation = both;
    }
    return m;
  }

 private:
  /// One outer point: its fields, its teacher's scores.
  struct Outer {
    Eigen::RowVectorXd omega, w, t, score_k, score_v;
    double y, t_v;
  };

  /// The means of each outer point, then the controls, all times its weight.
  Batch chunk_means(const RsbOverlaps& o, double Y, int c, bool diagnostics, int controls, Batch& bias) {
    const Eigen::Index first = static_cast<Eigen::Index>(c) * chunk;
    const Batch normals = outer_.normals.middleRows(first, chunk), zeta = normals.middleCols(1, L_),
                field_normals = normals.rightCols(fields_);
    const auto fields_of = [&](double q) {
      FieldLaw law;
      problem_.task->fields(o.m_k, q, common_mode_ ? field_normals : without_common_mode(field_normals), law);
      return law;
    };
    const FieldLaw law = fields_of(o.q0_k), fresh_law = fields_of(o.q1_k);
    // y | w_eps ~ N((m_v/q0_v) w_eps, spread); t_v is the teacher's score, as FieldLaw's t.
    const double root = std::sqrt(o.q0_v), slope = o.m_v / root, spread = 1 - slope * slope + problem_.noise;
    const int outputs = diagnostics ? R::all : R::fixed_point;
    Batch each(chunk, outputs + controls);
    bias.resize(chunk, outputs);
    for (Eigen::Index i = 0; i < chunk; ++i) {
      Outer at{law.omega.row(i),
               root * zeta.row(i),
               law.t.row(i),
               {},
               zeta.row(i) / root,
               slope * zeta(i, 0) + std::sqrt(spread) * normals(i, 0),
               normals(i, 0) / std::sqrt(spread)};
      at.score_k = (at.omega - o.m_k * at.t) / o.q0_k;
      at.score_v[0] -= slope * at.t_v / root;
      const auto [broken, left, symmetric_means] = inner_means(o, Y, first + i, at, outputs);
      each.row(i).head(outputs) = broken, bias.row(i) = left;
      each.row(i).segment(outputs, 2) << 1, at.y * at.y;
      for (int k = 2; k < controls; ++k) each(i, outputs + k) = symmetric_means[controlled[k - 2]];
    }
    each.colwise() *= law.weight, bias.colwise() *= law.weight;
    Batch fresh;
    activation_.value(fresh_law.omega.rowwise() + missing_.array(), fresh);
    each.col(R::hit) = fresh.col(0) * fresh_law.weight;
    each.col(R::power) = fresh.square().rowwise().sum() * fresh_law.weight;
    return each;
  }

  /// Minima of the block of inner points: M, g, rho and, on request, |G|^2 and traces.
  struct Minima {
    ArrayXd M, rho2;
    Batch g_k, g_v, responses;  // columns: pointwise_k.. inside_vv
  };

  struct InnerMeans {
    Eigen::RowVectorXd broken, bias, symmetric;
  };
  /// The means of one outer point but `hit` and `power`, for diagnostics what they change by from halves of
  /// its inner points to all; where they are controls, the same at Y = 0, where they are linear.
  InnerMeans inner_means(const RsbOverlaps& o, double Y, Eigen::Index i, const Outer& at, int outputs) {
    const bool diagnostics = outputs == R::all;
    const Eigen::Index replicate = i / size_, set = replicate * pool_ + (sets * i) % pool_;
    const Batch normals = inner_.normals.middleRows(set * set_, sets * set_);
    const Batch plain_k =
        common_mode_ ? Batch(normals.rightCols(fields_)) : without_common_mode(normals.rightCols(fields_));
    Batch eta_v(block_, L_), eta_k(block_, L_);  // each set, then its antithetic points
    for (int part = 0; part < sets; ++part) {
      const auto v = normals.block(part * set_, 0, set_, L_);
      const auto k = plain_k.middleRows(part * set_, set_);
      eta_v.middleRows(2 * part * set_, set_) = v, eta_v.middleRows((2 * part + 1) * set_, set_) = -v;
      eta_k.middleRows(2 * part * set_, set_) = k, eta_k.middleRows((2 * part + 1) * set_, set_) = -k;
    }
    const double d_k = std::sqrt(std::max(0.0, o.q1_k - o.q0_k)),
                 d_v = std::sqrt(std::max(0.0, o.q1_v - o.q0_v));
    const Batch omega = (d_k * eta_k).rowwise() + (at.omega + missing_).array(),
                w = (d_v * eta_v).rowwise() + at.w.array();
    const Minima m = minima(o, i, omega, ArrayXd::Constant(block_, at.y), w, diagnostics);

    const double lowest = m.M.minCoeff();
    const ArrayXd reweighted = (-Y * (m.M - lowest)).exp();
    const auto means = [&](const ArrayXd& weights, int from, int count, bool all) {
      ArrayXd p = weights.segment(from, count);
      const double Z = p.sum();
      p /= Z;
      const auto mean = [&](const Batch& f) -> Eigen::RowVectorXd {
        return p.matrix().transpose() * f.middleRows(from, count).matrix();
      };
      Eigen::RowVectorXd g_k = mean(m.g_k), g_v = mean(m.g_v);
      g_k.tail(alone_).setZero(), g_v.tail(alone_).setZero();
      Eigen::RowVectorXd T = Eigen::RowVectorXd::Zero(outputs);
      T[R::mhat_k] = g_k.dot(at.t), T[R::qhat0_k] = g_k.squaredNorm(), T[R::Vhat_k] = -g_k.dot(at.score_k);
      T[R::mhat_v] = g_v[0] * at.t_v, T[R::qhat0_v] = g_v.squaredNorm(), T[R::Vhat_v] = -g_v.dot(at.score_v);
      T[R::qhat1_k] = (p * m.g_k.middleRows(from, count).square().rowwise().sum()).sum();
      T[R::qhat1_v] = (p * m.g_v.middleRows(from, count).square().rowwise().sum()).sum();
      T[R::rho_squared] = (p * m.rho2.segment(from, count)).sum();
      T[R::log_mean] = std::log(Z / count) - Y * lowest;
      T[R::loss] = (p * m.M.segment(from, count)).sum();
      if (!all) return T;
      T.segment(R::pointwise_k, 5) = mean(m.responses);
      // d<g>/d(outer fields) = <g eta^T> - <g><eta>^T over sqrt(d), by parts: jumps are not missed.
      const auto response = [&](const Batch& g, const Eigen::RowVectorXd& g_mean, const Batch& eta,
                                double d) {
        const Eigen::MatrixXd weighted = (g.middleRows(from, count).rowwise() - g_mean.array()).colwise() * p;
        const Eigen::MatrixXd by_eta = weighted.transpose() * eta.middleRows(from, count).matrix();
        const Eigen::Index along = L_ - alone_;  // beyond, a multiple of the unit matrix
        const double beyond = by_eta.bottomRightCorner(alone_, alone_).trace();
        const double square = by_eta.topLeftCorner(along, along).squaredNorm() +
                              (alone_ > 0 ? beyond * beyond / (others_ + alone_) : 0);
        return d > 0 ? square / (d * d) : unknown;
      };
      T[R::between_kk] = response(m.g_k, g_k, eta_k, d_k);
      T[R::between_kv] = response(m.g_k, g_k, eta_v, d_v);
      T[R::between_vv] = response(m.g_v, g_v, eta_v, d_v);
      return T;
    };
    const auto of = [&](int from, int count) { return means(reweighted, from, count, diagnostics); };
    const int half = block_ / 2, quarter = half / 2;
    const Eigen::RowVectorXd first = of(0, half), second = of(half, half),
                             broken = 2 * of(0, block_) - (first + second) / 2;
    Eigen::RowVectorXd bias = Eigen::RowVectorXd::Zero(outputs);
    if (diagnostics)
      bias = broken -
             (first + second -
              (of(0, quarter) + of(quarter, quarter) + of(half, quarter) + of(half + quarter, quarter)) / 4);
    return {broken, bias,
            symmetric_rule_ ? means(ArrayXd::Ones(block_), 0, block_, false) : Eigen::RowVectorXd()};
  }

  Minima minima(const RsbOverlaps& o, Eigen::Index i, const Batch& omega, const ArrayXd& y, const Batch& w,
                bool diagnostics) {
    Minima m;
    if (linear_) {
      if (work_) work_->spend(double(block_) * L_);
      LinearProximal linear;
      linear.minimise(o.V_k, o.V_v, omega, y, w);
      m = {linear.M, linear.rho.square(), linear.g_k, linear.g_v, {}};
      if (!diagnostics) return m;
    }
    GlobalProximal proximal(activation_, L_, {.V_k = o.V_k, .V_v = o.V_v}, work_.get());
    const ProximalMinimum& best = proximal.best;
    if (linear_) {
      const Batch x = omega + o.V_k * m.g_k;
      proximal.minimise(omega, y, w, &x);
    } else {
      Batch& warm = warm_[static_cast<std::size_t>(i)];
      const Batch last = warm;
      proximal.minimise(omega, y, w, last.size() > 0 ? &last : nullptr);
      warm = best.x;
      m = {best.value,
           proximal.loss.rho.square(),
           (best.x - omega) / o.V_k,
           proximal.loss.jet.s.colwise() * proximal.loss.rho,
           {}};
    }
    if (diagnostics) {
      const GlobalProximal::Response G = proximal.response();
      m.responses.resize(block_, 5);
      m.responses << -G.div_k, -G.div_v, G.kk, G.kv, G.vv;
      if (others_ > 0) {  // along the directions outside the frame G is a multiple of the unit matrix
        const ArrayXd& rho = proximal.loss.rho;
        const ArrayXd kv = rho / (1 - o.V_k * o.V_v * rho.square()), kk = o.V_v * rho * kv,
                      vv = o.V_k * rho * kv;
        Batch outside(block_, 5);
        outside << -kk, -vv, kk.square(), kv.square(), vv.square();
        m.responses += others_ * outside;
      }
    }
    return m;
  }

  Problem problem_;
  const Activation& activation_;
  int L_, threads_;
  bool linear_, common_mode_;
  std::shared_ptr<WorkLimit> work_;
  int set_, block_ = 2 * sets * set_;    // points of a set; all inner points of an outer one
  int size_, fields_ = 0, pool_ = sets;  // pool: inner sets of a replicate
  std::optional<LinearFrame> frame_;
  Eigen::RowVectorXd missing_;  // by sigma = 1 + chi in the frame
  int others_ = 0, alone_ = 0;  // directions outside the frame; in it, but along no field that states share
  std::unique_ptr<Channel> symmetric_rule_;
  PointSet outer_, inner_;
  std::vector<Batch> warm_;  // proximal points of the previous call
};

}  // namespace

std::unique_ptr<RsbChannel> rsb_sampled_channel(const Problem& problem, const Activation& activation,
                                                int tokens, const ChannelOptions& options,
                                                std::unique_ptr<Channel> symmetric_rule) {
  return std::make_unique<RsbSampledChannel>(problem, activation, tokens, options, std::move(symmetric_rule));
}

}  // namespace quenched
