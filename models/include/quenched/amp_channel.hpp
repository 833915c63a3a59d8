#pragma once
#include <Eigen/Core>
#include <functional>
#include <quenched/batch.hpp>

namespace quenched {

/// What a channel returns for samples of one length: g_k, g_v (samples x L), and for each sample the
/// divergences sum_l d g_k,l/d omega_l and sum_l d g_v,l/d w_l.
struct AmpChannelOutput {
  Batch g_k, g_v;
  Eigen::ArrayXd divergence_k, divergence_v;
};

/// The output function of message passing: the proximal g of ERM, the posterior g of Bayes. Called from
/// several threads at once, with samples of one length; must size the four outputs.
using AmpChannel = std::function<void(const Batch& omega, const Batch& w, const Eigen::ArrayXd& y, double V_k,
                                      double V_v, AmpChannelOutput& out)>;

/// The attention s (samples x L) that predicts f = s.z at the fields omega of fresh samples.
using AmpAttention = std::function<void(const Batch& omega, double V_k, Batch& s)>;

}  // namespace quenched
