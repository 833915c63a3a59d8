#include <quenched/certificate.hpp>

namespace quenched {

std::string name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_converged:
      return "not_converged";
    case Verdict::under_resolved:
      return "under_resolved";
    case Verdict::broken_symmetry:
      return "broken_symmetry";
    case Verdict::unstable:
      return "unstable";
    case Verdict::jumps:
      return "jumps";
    case Verdict::marginal:
      return "marginal";
    case Verdict::metastable:
      return "metastable";
    case Verdict::trusted:
      return "trusted";
  }
  return "unknown";
}

namespace {

std::string advice_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::not_converged:
      return "The fixed point was not reached: start from a solved neighbour on the curve, or try the other "
             "start.";
    case Verdict::under_resolved:
      return "The error exceeds the tolerance: raise --points, or --tolerance if this is enough.";
    case Verdict::broken_symmetry:
      return "The cross overlaps of k and v would grow: the four-overlap solution does not describe training "
             "here; raise "
             "the ridge.";
    case Verdict::unstable:
      return "Replica symmetry fails and simulation will differ: go one step beyond it with `quenched rsb`, "
             "raise the ridge, or rely on `quenched simulate`.";
    case Verdict::jumps:
      return "The proximal point jumps between minima, so replica symmetry is doubtful: see what `quenched "
             "rsb` changes, raise the ridge, or check with `quenched compare`.";
    case Verdict::marginal:
      return "The stability eigenvalue cannot be told from 1, or the jump weight from its threshold: lower "
             "--tolerance to sharpen them, see what `quenched rsb` changes, or raise the ridge.";
    case Verdict::metastable:
      return "Another branch is preferred: try the other start.";
    case Verdict::trusted:
      return "Trust it to the stated uncertainty.";
  }
  return "";
}

}  // namespace

JumpWeight sharpest_jump_weight(const Certificate& c) {
  const double error = std::isnan(c.jump_weight_error) ? 0 : c.jump_weight_error;
  if (c.jump_weight_direct_error < error) return {c.jump_weight_direct, c.jump_weight_direct_error};
  return {c.jump_weight, error};
}

namespace {

/// The weight `sigmas` errors up, by its threshold or the share by its own, whichever is the smaller.
double jumps_by_threshold(const Certificate& c, double sigmas) {
  const auto [weight, error] = sharpest_jump_weight(c);
  const double shifted = weight + sigmas * error;
  const double share = c.jump_weight > 0 ? c.jump_share / c.jump_weight * shifted : unknown;
  return std::fmin(shifted / jump_threshold,
                   share / jump_share_threshold);  // an unknown share does not count
}

}  // namespace

double jump_excess(const Certificate& c) { return jumps_by_threshold(c, 1) - 1; }

std::optional<bool> jumps_matter(const Certificate& c) {
  if (!(jumps_by_threshold(c, 1) > 1)) return false;  // an unknown weight does not apply
  if (jumps_by_threshold(c, -1) > 1) return true;
  return {};
}

bool vouched_stable(const Certificate& certificate) {
  return certificate.stable == true && jumps_matter(certificate) == false;
}

bool may_split(const Certificate& certificate) {
  return !vouched_stable(certificate) || sharpest_jump_weight(certificate).value > split_threshold;
}

void judge(Certificate& certificate, const VerdictInputs& inputs) {
  const auto known = [](double error) { return std::isnan(error) ? 0 : error; };
  const double eigenvalue = certificate.stability_eigenvalue, error = known(certificate.stability_error);
  certificate.stable.reset();
  if (eigenvalue + error < 1) certificate.stable = true;
  if (eigenvalue - error > 1) certificate.stable = false;

  // Comparisons with an unknown (NaN) are false: what does not apply is skipped.
  certificate.verdict = [&] {
    if (!inputs.reached) return Verdict::not_converged;
    if (!(inputs.error <= inputs.tolerance)) return Verdict::under_resolved;
    if (certificate.symmetry_eigenvalue - known(certificate.symmetry_error) > 1)
      return Verdict::broken_symmetry;
    if (certificate.stable == false) return Verdict::unstable;
    if (jumps_matter(certificate) == true) return Verdict::jumps;
    if ((!std::isnan(eigenvalue) && !certificate.stable) || !jumps_matter(certificate) || inputs.stopped)
      return Verdict::marginal;
    if (inputs.better_branch) return Verdict::metastable;
    return Verdict::trusted;
  }();
  certificate.advice = advice_for(certificate.verdict);
  if (!inputs.stopped) return;
  if (certificate.verdict == Verdict::not_converged)
    certificate.advice =
        "The work limit was reached before the fixed point: raise --work, or take shorter prompts.";
  if (certificate.verdict == Verdict::under_resolved)
    certificate.advice =
        "The work limit was reached before the tolerance: raise --work, or --tolerance if this is enough.";
  if (certificate.verdict == Verdict::marginal)
    certificate.advice =
        "The work limit was reached before stability and other branches were known: raise --work.";
}

}  // namespace quenched
