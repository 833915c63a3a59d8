#include <quenched/loss.hpp>

#include "registry.hpp"

namespace quenched {

using Eigen::ArrayXd;

using MakeLoss = std::shared_ptr<const Loss>(const std::string& parameter);
#define QUENCHED_LOSS(name) MakeLoss make_##name##_loss;
#include "glm/losses/list.def"
#undef QUENCHED_LOSS

namespace {

const std::vector<Registered<MakeLoss>>& loss_table() {
  static const std::vector<Registered<MakeLoss>> entries = {
#define QUENCHED_LOSS(name) {#name, make_##name##_loss},
#include "glm/losses/list.def"
#undef QUENCHED_LOSS
  };
  return entries;
}

}  // namespace

/// f(p) = p + V ell'(p) - c increases; its root is bracketed by c and c - V ell'(c). Newton's steps, and
/// bisection where they leave the bracket or are not half the step before last.
void Loss::proximal(double V, const ArrayXd& c, ArrayXd& p, ArrayXd& slope) const {
  ArrayXd first, second;
  derivatives(c, first, second);
  ArrayXd low = c.min(c - V * first), high = c.max(c - V * first);
  p = c - V * first / (1 + V * second);
  ArrayXd last = high - low, before = last;
  for (int step = 0; step < 100; ++step) {
    derivatives(p, first, second);
    slope = (1 + V * second).inverse();
    const ArrayXd f = p + V * first - c;
    low = (f < 0).select(p, low), high = (f > 0).select(p, high);
    ArrayXd next = p - f * slope;
    next = (next <= low || next >= high || (next - p).abs() > before / 2).select((low + high) / 2, next);
    before = last, last = (next - p).abs();
    const bool done = ((next - p).abs() <= 4e-15 * (1 + p.abs() + c.abs())).all();
    p = next;
    if (done) break;
  }
}

std::vector<double> Loss::kinks(double) const { return {}; }
std::optional<Corner> Loss::corner() const { return {}; }

std::shared_ptr<const Loss> make_loss(std::string_view specification) {
  return made(loss_table(), "loss", specification);
}

std::vector<std::string> loss_names() { return names(loss_table()); }

}  // namespace quenched
