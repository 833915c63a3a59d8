#pragma once
#include <quenched/vector_math.hpp>

/// glibc's vector functions for loops marked QUENCHED_CLONES: without these declarations the calls stay
/// scalar.
#if defined(QUENCHED_DISPATCH) && defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
extern "C" {
__attribute__((simd("notinbranch"))) double exp(double) noexcept;
__attribute__((simd("notinbranch"))) double log(double) noexcept;
__attribute__((simd("notinbranch"))) double log1p(double) noexcept;
__attribute__((simd("notinbranch"))) double expm1(double) noexcept;
__attribute__((simd("notinbranch"))) double tanh(double) noexcept;
__attribute__((simd("notinbranch"))) double erf(double) noexcept;
__attribute__((simd("notinbranch"))) double erfc(double) noexcept;
}
#endif
