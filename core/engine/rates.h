#pragma once
// What this machine can do, measured: GEMM in f32, bf16 and int8, and memory bandwidth. Precision and speed-ups are offered by these figures.
#include "core/protocol/messages.h"
#include <functional>
#include <optional>

namespace lathe {

/// The BLAS that LibTorch calls, from the maps of this process: "openblas-openmp", "openblas-pthread", "openblas-serial", "reference", "mkl", "blis", "atlas" or "unknown".
std::string loaded_blas();
std::string cpu_name();

/// Takes about a second. `keep_going` is asked between products; nullopt when it says no. f32 is the better of at::linear and oneDNN's prepacked
/// product at 512x1152 -> 4608; products in GFLOPS (GOPS), memory in bytes a second. Every product is first compared with float64 on a small case; a wrong one is said in `warn` and counts as 0.
std::optional<Rates> measure_rates(const std::function<bool()>& keep_going);

/// From user_cache_folder()/rates.json, by CPU, threads and versions of the libraries. nullopt: never measured.
std::optional<Rates> cached_rates();
void cache_rates(const Rates& rates);      ///< a cache that cannot be written is only logged

}
