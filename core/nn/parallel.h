#pragma once
// Loops on the threads of the run. No LibTorch here, but the number of threads is that of LibTorch (at::set_num_threads), which the engine sets for every run.
#include <cstdint>
#include <functional>

namespace lathe {

/// How many threads the loops below use, the calling one among them.
int thread_count();

/// Calls work(worker, k) once for every k in [0, count); `worker` in [0, thread_count()) tells the threads apart. The numbers are handed out one by one in rising order, so pieces
/// may be uneven. `tick(done)` runs on the calling thread between its pieces. What either throws stops the others and comes out.
void parallel_each(std::int64_t count, const std::function<void(int worker, std::int64_t k)>& work, const std::function<void(std::int64_t done)>& tick = {});

/// Calls work(first, end) for blocks that cover [0, count), each of `grain` numbers (the last one shorter). Blocks do not depend on the number of threads.
void parallel_blocks(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t first, std::int64_t end)>& work);

}
