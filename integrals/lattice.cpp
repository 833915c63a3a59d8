#include <cmath>
#include <quenched/vector_math.hpp>

#include "rules.hpp"
#include "sobol.hpp"

namespace quenched::rules {
namespace {

// Generating vector of an embedded rank-1 lattice, 2^20 points: R. Cools, F. Y. Kuo and D. Nuyens,
// Constructing embedded lattice rules for multivariate integration, SIAM J. Sci. Comput. 28, 2162 (2006),
// order-2 weights; the table is at https://web.maths.unsw.edu.au/~fkuo/lattice/ and in D. Nuyens's Magic
// Point Shop.
constexpr std::uint32_t generator[] = {
    1,      182667, 469891, 498753, 110745, 446247, 250185, 118627, 245333, 283199, 408519, 391023, 246327,
    126539, 399185, 461527, 300343, 69681,  516695, 436179, 106383, 238523, 413283, 70841,  47719,  300129,
    113029, 123925, 410745, 211325, 17489,  511893, 40767,  186077, 519471, 255369, 101819, 243573, 66189,
    152143, 503455, 113217, 132603, 463967, 297717, 157383, 224015, 502917, 36237,  94049};
static_assert(std::size(generator) == largest_lattice_dimension);
constexpr int log2_points = 20;

/// The van der Corput order, in which the first 2^k points are the lattice of 2^k points.
std::uint32_t reversed(std::uint32_t i) {
  std::uint32_t r = 0;
  for (int b = 0; b < log2_points; ++b) r |= (i >> b & 1U) << (log2_points - 1 - b);
  return r;
}

}  // namespace

Outcome lattice(const Problem& problem) {
  return replicated(problem, 1L << log2_points, [&](int replicate, long first, Batch& x) {
    std::uint32_t order[block];
    for (int i = 0; i < block; ++i) order[i] = reversed(static_cast<std::uint32_t>(first + i));
    for (int d = 0; d < problem.d; ++d) {
      const auto stream = static_cast<std::uint64_t>(replicate) * problem.d + d;
      const std::uint64_t shift = mix(~problem.options.seed ^ mix(stream));
      for (long i = 0; i < x.rows(); ++i) {
        const std::uint64_t u = (std::uint64_t{order[i]} * generator[d] << (64 - log2_points)) +
                                shift;  // modulo 1, in units of 2^-64
        // Tent transform |2 u - 1|: second order for smooth integrands that are not periodic.
        x(i, d) = (static_cast<double>((u >> 63 ? ~u : u) >> 11) + 0.5) * 0x1p-52;
      }
      vector_math::normal_quantile(x.col(d), x.col(d));
    }
  });
}

}  // namespace quenched::rules
