#include "core/nn/parallel.h"
#include <ATen/Parallel.h>
#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

namespace lathe {

int thread_count() { return std::max(1, at::in_parallel_region() ? 1 : at::get_num_threads()); }

void parallel_each(std::int64_t count, const std::function<void(int, std::int64_t)>& work, const std::function<void(std::int64_t)>& tick) {
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> stop{false};
    std::exception_ptr thrown;
    std::mutex guard;
    const auto run = [&](int worker) {
        try {
            while (!stop) {
                if (worker == 0 && tick) tick(std::min<std::int64_t>(next, count));   // before it takes a piece: the others may leave it none
                const std::int64_t k = next++;
                if (k >= count) break;
                work(worker, k);
            }
        } catch (...) {   // an exception may not leave a thread of the pool
            stop = true;
            const std::lock_guard lock(guard);
            if (!thrown) thrown = std::current_exception();
        }
    };
    const std::int64_t workers = std::min<std::int64_t>(thread_count(), count);
    if (workers <= 1) run(0);
    else at::parallel_for(0, workers, 1, [&](std::int64_t first, std::int64_t end) {
        for (std::int64_t worker = first; worker < end; ++worker) run(static_cast<int>(worker));
    });
    if (thrown) std::rethrow_exception(thrown);
}

void parallel_blocks(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& work) {
    parallel_each((count + grain - 1) / grain, [&](int, std::int64_t block) { work(block * grain, std::min(count, (block + 1) * grain)); });
}

}
