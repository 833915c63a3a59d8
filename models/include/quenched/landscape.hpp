#pragma once
#include <quenched/overlaps.hpp>
#include <quenched/population.hpp>

namespace quenched {

/// Risk at infinite alpha as a function of all seven overlaps (docs/equations.md, 3.3): z*, z and the label
/// noise in closed form given (chi*, chi), which are averaged over 16 scramblings of Sobol points in 2 L
/// dimensions, up to 2^21 of them; error: twice the standard error over the scramblings. On the manifold m_kv
/// = m_vk = q_kv = 0 by the L-dimensional rule of population.hpp. Throws InvalidInput for an impossible Gram
/// matrix (see `check`).
[[nodiscard]] Excess population_risk(const Problem& problem, const Activation& activation,
                                     const Overlaps& overlaps, const PopulationOptions& options = {});

struct LandscapeOptions {
  double tolerance = 1e-4;  // absolute target for the error of the gain
  int starts = 16;          // of the search, on and off the manifold each
  std::uint64_t seed = 1;   // of the starts
  int threads = 0;          // the result does not depend on it
};

/// The least risk over all seven overlaps, and whether it lies on the manifold.
struct Landscape {
  double test_error = unknown;   // the least, Delta included
  Overlaps overlaps;             // there
  double on_manifold = unknown;  // the least with vanishing cross overlaps, on the same points
  double gain =
      unknown;  // on_manifold less the least off the manifold: what leaving it gains, >= 0 but for errors
  bool leaves = false;          // the gain is there beyond doubt: `overlaps` are off the manifold
  bool infimum = false;         // approached as k grows without bound
  int starts = 0, reached = 0;  // searches, and how many of them ended at the least value of their kind
  double bayes_risk = unknown;
  struct {
    double test_error = unknown, on_manifold = unknown, gain = unknown, bayes_risk = unknown;
  } uncertainty;
  Certificate certificate;
};

/// Minimises over all seven overlaps (docs/equations.md, 3.4 to 3.6): v and the angle between v* and the part
/// of k beyond k* are eliminated exactly, which leaves the two numbers (m_k, sqrt(q_k - m_k^2)) and two
/// cases, on the manifold and k, v in the span of k*, v*; each by Nelder and Mead's simplex (GSL) from many
/// starts, on common points, then on more points until the error of the gain meets the tolerance. `leaves`
/// when the gain exceeds four standard errors and the tolerance (verdict broken_symmetry); a gain that can
/// neither be excluded nor shown is under_resolved. Throws InvalidInput unless tolerance > 0 and starts >= 1.
/// Cost: some seconds for softmax at L = 2, like L and the starts.
[[nodiscard]] Landscape landscape(const Problem& problem, const Activation& activation,
                                  const LandscapeOptions& options = {});

}  // namespace quenched
