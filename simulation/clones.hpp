#pragma once

// Hot loops are compiled for SSE2, AVX2 and AVX-512 and chosen at run time; clones need ifunc, which is g++
// on x86-64.
#if defined(QUENCHED_DISPATCH) && defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define QUENCHED_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define QUENCHED_CLONES
#endif
