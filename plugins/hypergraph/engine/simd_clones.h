#pragma once
// LATHE_SIMD_CLONES before a plain function: compiled for several instruction sets, the best one is chosen when the program starts. Sanitizers cannot watch that choice.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define LATHE_SIMD_CLONES __attribute__((target_clones("default", "arch=haswell", "arch=skylake-avx512"), optimize("O3")))
#else
#define LATHE_SIMD_CLONES
#endif
