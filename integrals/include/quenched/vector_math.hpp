#pragma once
#include <quenched/batch.hpp>
#include <span>

/// Put before a function whose loops should be compiled for several instruction sets, chosen at run time.
/// g++ only, and not under sanitizers; elsewhere the plain loop.
#if defined(QUENCHED_DISPATCH) && defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define QUENCHED_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define QUENCHED_CLONES
#endif
/// Put before a loop whose iterations do not depend on each other, which the compiler cannot see.
#if defined(__clang__)
#define QUENCHED_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define QUENCHED_INDEPENDENT _Pragma("GCC ivdep")
#endif

/// Functions of whole arrays, compiled for SSE2, AVX2 and AVX-512 and chosen at run time (glibc's libmvec, at
/// most 4 ulp). Same result for an element wherever it stands in the array.
namespace quenched::vector_math {

using In = Eigen::Ref<const Eigen::ArrayXd>;
using Out = Eigen::Ref<Eigen::ArrayXd>;

void exp(In x, Out y);
void log(In x, Out y);
void log1p(In x, Out y);
void expm1(In x, Out y);
void tanh(In x, Out y);
void erf(In x, Out y);
/// The standard normal distribution function, by erfc: full relative accuracy in the left tail.
void normal_cdf(In x, Out y);
/// The inverse of the standard normal distribution function: Wichura's AS 241 (Appl. Statist. 37, 477, 1988),
/// relative error about 1e-15; -inf and inf at 0 and 1, NaN outside. y may be x.
void normal_quantile(In x, Out y);
/// The same of every entry of a block.
[[nodiscard]] Batch exp(Batch x);
[[nodiscard]] Batch log1p(Batch x);
[[nodiscard]] Batch normal_cdf(Batch x);
/// y_f,i += weight sum_k c_kfi r^k, k = 0..5, i < n: quintics that share one argument, of several functions
/// f; c_kfi lies at coefficients[k * powers + f * functions + i].
void add_quintics(const double* coefficients, std::ptrdiff_t powers, std::ptrdiff_t functions, double r,
                  double weight, std::span<double* const> y, Eigen::Index n);
/// out_ij = sum_n weight_n x_ni x_nj, i < wanted, any j: the Gram matrix of the columns of x, its first rows.
/// Needs a multiple of 8 rows, and rows for every weight. Cost: half of the product's multiplications.
void weighted_gram(const Eigen::MatrixXd& x, In weight, int wanted, Eigen::MatrixXd& out);

}  // namespace quenched::vector_math
