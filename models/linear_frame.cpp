#include "linear_frame.hpp"

#include <algorithm>
#include <cmath>
#include <quenched/parallel.hpp>

#include "root_chi_square.hpp"

namespace quenched {
namespace {

Eigen::ArrayXd transformed(const Batch& normals, Eigen::Index column, int freedom, int threads) {
  const RootChiSquare root(freedom);
  Eigen::ArrayXd out(normals.rows());
  constexpr Eigen::Index block = 4096;
  parallel_for(static_cast<int>((out.size() + block - 1) / block), threads, [&](int part) {
    for (Eigen::Index i = part * block; i < std::min(out.size(), (part + 1) * block); ++i)
      out[i] = root(normals(i, column));
  });
  return out;
}

}  // namespace

Eigen::RowVectorXd LinearFrame::offset() const {
  Eigen::RowVectorXd a = Eigen::RowVectorXd::Constant(vectors, -1);
  a[0] = 0, a[1] = std::sqrt(tokens - 1.0) - 1;
  return a;
}

Batch LinearFrame::outer(const Batch& normals, int threads) const {
  Batch out = Batch::Zero(normals.rows(), 1 + 2 * vectors);
  const int rest = tokens - 2;            // dimensions beyond eps and the mean of the others
  out.leftCols(4) = normals.leftCols(4);  // noise; w along eps, the mean, what is left of omega
  out.col(4) = transformed(normals, 4, rest - 1, threads);
  out.middleCols(1 + vectors, 2) = normals.middleCols(5, 2);
  out.col(1 + vectors + 2) = transformed(normals, 7, rest, threads);
  return out;
}

Batch LinearFrame::inner(const Batch& normals, int threads) const {
  Batch out = Batch::Zero(normals.rows(), 2 * vectors);
  const int rest = tokens - 2;
  out.leftCols(5) = normals.leftCols(5);  // to w, also along what is left of the addition to omega
  out.col(5) = transformed(normals, 5, rest - 3, threads);
  out.middleCols(vectors, 4) = normals.middleCols(6, 4);
  out.col(vectors + 4) = transformed(normals, 10, rest - 2, threads);
  return out;
}

}  // namespace quenched
