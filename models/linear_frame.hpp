#pragma once
#include <quenched/batch.hpp>

namespace quenched {

/// Linear attention over L independent tokens depends on its vectors over the tokens through their products
/// alone: a = 1 + omega and w of the fields that states share, and what each state adds to both. So they are
/// written in an orthonormal frame of six vectors (eps; (1, .., 1) over the other tokens; then what is left
/// of omega, w, and of the two additions, each orthogonal to those before), where the entries are standard
/// normals and roots of chi-squares (Bartlett's decomposition). Frame vectors 0..3 span what states share;
/// averages inside a state have nothing along the others, and are isotropic beyond the shared ones.
struct LinearFrame {
  static constexpr int vectors = 6, shared = 4;
  static constexpr int outer_dimension = 8, inner_dimension = 11;

  int tokens;  // more than 6

  /// 1 + omega less 1 + the entries of omega in the frame: what sigma = 1 + chi misses there.
  [[nodiscard]] Eigen::RowVectorXd offset() const;
  /// Columns (noise of y; w; omega) in the frame, 1 + 2 vectors, from outer_dimension normals a row.
  [[nodiscard]] Batch outer(const Batch& normals, int threads) const;
  /// Columns (addition to w; to omega), 2 vectors, from inner_dimension normals a row.
  [[nodiscard]] Batch inner(const Batch& normals, int threads) const;
};

}  // namespace quenched
