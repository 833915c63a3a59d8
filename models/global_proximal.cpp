#include "global_proximal.hpp"

#include <algorithm>
#include <cmath>

namespace quenched {

GlobalProximal::GlobalProximal(const Activation& activation, int tokens, const OrderParameters& o,
                               WorkLimit* work)
    : loss(activation, o.V_v), activation_(activation), work_(work), L_(tokens), V_k_(o.V_k), V_v_(o.V_v) {
  common_mode_ = common_mode(activation.info(), L_);
}

/// y and w must outlive them.
ProximalOptions GlobalProximal::options(const Eigen::ArrayXd& y, const Batch& w) const {
  if (activation_.info().smooth) return {};
  return {.at_points = [&](const std::vector<Eigen::Index>& rows) -> LowRankObjective {
            return [at = AttentionLoss(activation_, V_v_), label = Eigen::ArrayXd(y(rows)),
                    field = Batch(w(rows, Eigen::all))](const Batch& x, LowRankModel& model) mutable {
              at.evaluate(x, label, field, model);
            };
          },
          .spend = [this](double steps) { spend(steps); }};
}

void GlobalProximal::minimise(const Batch& omega, const Eigen::ArrayXd& y, const Batch& w, const Batch* start,
                              const std::vector<Eigen::Index>* rows) {
  const auto objective = [&](const Batch& x, LowRankModel& model) { loss.evaluate(x, y, w, model); };
  competing = Eigen::ArrayXd::Zero(y.size());
  const ProximalOptions how = options(y, w);
  proximal_minimum(objective, omega, V_k_, start ? *start : omega, best, how);
  spend_passes(best, omega.size());
  if (!activation_.info().folds && L_ > 1) return;  // the proofs of one minimum need L >= 2
  Starts starts;
  if (!rows) {
    starts = other_starts(omega, y, w, best.x, start != nullptr);
  } else if (!rows->empty()) {
    starts = other_starts(omega(*rows, Eigen::all), y(*rows), w(*rows, Eigen::all), best.x(*rows, Eigen::all),
                          start != nullptr);
    for (Eigen::Index& row : starts.row) row = (*rows)[static_cast<std::size_t>(row)];
  }
  if (!starts.row.empty() && improve(starts, omega, y, w))
    proximal_minimum(objective, omega, V_k_, Batch(best.x), best, how);
}

/// Passes along kinks, of few points each, were told apart.
void GlobalProximal::spend_passes(const ProximalMinimum& m, Eigen::Index numbers) const {
  const int most = activation_.info().smooth ? m.iterations : ProximalOptions::max_newton;
  spend(double(std::min(m.iterations, most)) * double(numbers));
}

/// Local minima of h along each token's line through omega (and omega itself), away from x.
GlobalProximal::Starts GlobalProximal::other_starts(const Batch& omega, const Eigen::ArrayXd& y,
                                                    const Batch& w, const Batch& x, bool from_omega) const {
  // The lines are scanned in steps of 1. Where sigma has kinks minima are closer together, and x may lie on a
  // flat.
  const double away = activation_.info().smooth ? 1 : 0.02, scan = activation_.info().smooth ? 1 : 0.125;
  Starts starts;
  const auto add = [&](Eigen::Index i, const Eigen::RowVectorXd& chi) {
    if ((chi.array() - x.row(i)).abs().maxCoeff() > away) starts.row.push_back(i), starts.chi.push_back(chi);
  };
  struct Move {
    double h;
    int l;
    double step;
  };
  const double kept = common_mode_ ? 1 : 1 - 1.0 / L_;  // of a move, once the common mode is taken out
  const Eigen::ArrayXd transitions = Eigen::ArrayXd::LinSpaced(1 + std::lround(14 / scan), -7, 7);
  const Eigen::Index n = transitions.size(), block = omega.rows();
  Batch moved(block, n), sw = moved, ss = moved, h = moved;
  const auto lines = activation_.lines(omega, w);
  std::vector<std::vector<Move>> moves(static_cast<std::size_t>(block));
  spend(double(omega.size()) * double(n) / (activation_.info().softmax_slope > 0 ? 4 : 2));
  for (int l = 0; l < L_; ++l) {
    lines(l, transitions, moved, sw, ss);
    h = (y.replicate(1, n) - sw).square() / (2 * (1 + V_v_ * ss)) +
        kept / (2 * V_k_) * (moved.colwise() - omega.col(l)).square();
    for (Eigen::Index j = 0; j < n; ++j)
      for (Eigen::Index i = 0; i < block; ++i) {
        if ((j > 0 && h(i, j) > h(i, j - 1)) || (j + 1 < n && h(i, j) >= h(i, j + 1))) continue;
        moves[static_cast<std::size_t>(i)].push_back({h(i, j), l, moved(i, j) - omega(i, l)});
      }
  }
  for (Eigen::Index i = 0; i < block; ++i) {
    auto& list = moves[static_cast<std::size_t>(i)];
    if (list.size() > most_starts) {
      std::ranges::nth_element(list, list.begin() + most_starts, {}, &Move::h);
      list.resize(most_starts);
    }
    if (from_omega) add(i, omega.row(i));
    for (const Move& move : list) {
      Eigen::RowVectorXd chi = omega.row(i).array() - (common_mode_ ? 0 : move.step / L_);
      chi[move.l] += move.step;
      add(i, chi);
    }
  }
  return starts;
}

/// Newton from all starts at once; moves `best` where a lower minimum was found and says whether any was.
bool GlobalProximal::improve(const Starts& starts, const Batch& omega, const Eigen::ArrayXd& y,
                             const Batch& w) {
  const auto count = static_cast<Eigen::Index>(starts.row.size());
  Batch from(count, L_);
  for (Eigen::Index k = 0; k < count; ++k) from.row(k) = starts.chi[static_cast<std::size_t>(k)];
  const Eigen::ArrayXd label = y(starts.row);
  const Batch field = w(starts.row, Eigen::all);
  AttentionLoss trial(activation_, V_v_);
  ProximalMinimum other;
  proximal_minimum([&](const Batch& x, LowRankModel& model) { trial.evaluate(x, label, field, model); },
                   omega(starts.row, Eigen::all), V_k_, from, other, options(label, field));
  spend_passes(other, from.size());
  bool moved = false;
  for (Eigen::Index k = 0; k < count; ++k) {
    const Eigen::Index i = starts.row[static_cast<std::size_t>(k)];
    if ((other.x.row(k) - best.x.row(i)).abs().maxCoeff() > 1e-5 * (1 + best.x.row(i).abs().maxCoeff()))
      competing[i] = 1;
    const bool lower = other.value[k] < best.value[i] - 1e-9 * (1 + std::abs(best.value[i]));
    if (!lower && !(std::isnan(best.value[i]) && !std::isnan(other.value[k]))) continue;
    best.value[i] = other.value[k], best.x.row(i) = other.x.row(k);
    moved = true;
  }
  return moved;
}

GlobalProximal::Response GlobalProximal::response() const {
  const auto& [s, jb, p, q, c] = loss.jet;
  const Eigen::Index points = s.rows();
  spend(double(s.size()) * L_);
  const Batch& z = best.model.z;
  Batch Hq = q, Hz = z, column(points, L_), N(points, L_), G(points, L_);
  best.solve(Hq);
  best.solve(Hz);
  Eigen::ArrayXd trace_k = Eigen::ArrayXd::Zero(points), trace_v = trace_k, kk = trace_k, kv = trace_k,
                 vv = trace_k;
  for (int m = 0; m < L_; ++m) {
    column.setZero();
    column.col(m) = 1;
    best.solve(column);
    const Eigen::ArrayXd s_D = s.col(m) / loss.D, rho_b = loss.rho * jb.col(m), rho_p = loss.rho * p.col(m);
    N = column.colwise() * rho_b - Hq.colwise() * rho_p - Hz.colwise() * s_D;
    const Eigen::ArrayXd qN = (q * N).rowwise().sum() * loss.rho, zN = (z * N).rowwise().sum() / loss.D;
    G = (jb * N).colwise() * loss.rho - p.colwise() * qN - s.colwise() * (zN + s_D);
    trace_v += G.col(m);
    vv += G.square().rowwise().sum();
    kv += N.square().rowwise().sum();
    column /= V_k_;
    column.col(m) -= 1;
    trace_k += column.col(m);
    kk += column.square().rowwise().sum();
  }
  return {trace_k / V_k_, trace_v, kk / (V_k_ * V_k_), kv / (V_k_ * V_k_), vv};
}

}  // namespace quenched
