#pragma once
// Rows of large images on several threads; small ones on the caller's.
#include <algorithm>
#include <thread>
#include <vector>

namespace lathe {

/// Calls work(from, to) for ranges that together are [0, rows); returns when all are done. `work` must not throw.
template <typename Work> void parallel_rows(int rows, int width, const Work& work) {
    constexpr std::int64_t kWorthIt = 1 << 18;
    const int threads = std::int64_t(rows) * width < kWorthIt ? 1 : std::min(rows, int(std::clamp(std::thread::hardware_concurrency(), 1u, 8u)));
    std::vector<std::jthread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back([&work, rows, threads, t] { work(int(std::int64_t(rows) * t / threads), int(std::int64_t(rows) * (t + 1) / threads)); });
    work(0, rows / threads);
}

}
