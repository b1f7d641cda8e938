#include "core/nn/tensor_memory.h"
#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <algorithm>
#include <cstring>
#include <malloc.h>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>
#include <unistd.h>

namespace lathe {
namespace {

constexpr std::size_t kLarge = std::size_t{1} << 20;
constexpr std::size_t kLargest = std::size_t{1} << 47;   // more than a process can address

/// A multiple of an eighth of the power of two below: blocks fit again though sizes differ a little.
std::size_t size_class(std::size_t bytes) {
    std::size_t power = kLarge;
    while (power * 2 <= bytes) power *= 2;
    const std::size_t step = power / 8;
    return (bytes + step - 1) / step * step;
}

class Keeper final : public c10::Allocator {
public:
    static Keeper& instance() {
        static Keeper* keeper = new Keeper;   // tensors may outlive every static
        return *keeper;
    }

    c10::DataPtr allocate(std::size_t bytes) override {
        if (bytes < kLarge) return m_small->allocate(bytes);
        void* block = bytes <= kLargest ? take(size_class(bytes)) : MAP_FAILED;
        // LibTorch's own words, from which core/engine/failure.h reads the size.
        TORCH_CHECK(block != MAP_FAILED, "not enough memory: you tried to allocate ", bytes, " bytes");
        return {block, block, &Keeper::give, c10::Device(c10::DeviceType::CPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &Keeper::give; }
    void copy_data(void* to, const void* from, std::size_t count) const override { std::memcpy(to, from, count); }

    void set_budget(std::size_t bytes) { m_budget = bytes; }
    std::size_t kept() {
        const std::lock_guard lock(m_mutex);
        return m_kept;
    }
    void release() {
        std::multimap<std::size_t, void*> blocks;
        {
            const std::lock_guard lock(m_mutex);
            blocks.swap(m_free);
            m_kept = 0;
        }
        for (const auto& [size, block] : blocks) ::munmap(block, size);
    }

private:
    void* take(std::size_t size) {
        {
            const std::lock_guard lock(m_mutex);
            if (const auto found = m_free.find(size); found != m_free.end()) {
                void* block = found->second;
                m_free.erase(found);
                m_kept -= size;
                m_used.emplace(block, size);
                return block;
            }
        }
        void* block = map(size);
        if (block == MAP_FAILED) {
            release();
            block = map(size);
        }
        if (block == MAP_FAILED) return block;
        ::madvise(block, size, MADV_HUGEPAGE);   // a hint: without it the block is only slower to fill
        const std::lock_guard lock(m_mutex);
        m_used.emplace(block, size);
        return block;
    }
    static void* map(std::size_t size) { return ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

    /// Of large blocks and, where LibTorch frees by the raw deleter, of small ones.
    static void give(void* block) {
        Keeper& self = instance();
        std::size_t size = 0;
        {
            const std::lock_guard lock(self.m_mutex);
            const auto found = self.m_used.find(block);
            if (found != self.m_used.end()) {
                size = found->second;
                self.m_used.erase(found);
                if (self.m_kept + size <= self.m_budget) {
                    self.m_free.emplace(size, block);
                    self.m_kept += size;
                    return;
                }
            }
        }
        if (size) ::munmap(block, size);
        else self.m_small->raw_deallocate(block);
    }

    c10::Allocator* m_small = c10::GetDefaultCPUAllocator();
    std::mutex m_mutex;
    std::multimap<std::size_t, void*> m_free;       // by size
    std::unordered_map<void*, std::size_t> m_used;
    std::size_t m_kept = 0, m_budget = 0;
};

}

void keep_tensor_memory(std::size_t budget) {
    // Activations are freed and asked for again at every layer: served by mmap, each would be paged in anew. One arena, because the others cannot hold
    // large blocks.
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_MMAP_THRESHOLD, 256 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
    const auto memory = static_cast<std::size_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    Keeper::instance().set_budget(budget ? budget : std::min(memory / 8, std::size_t{4} << 30));
    c10::SetCPUAllocator(&Keeper::instance(), 1);
}

void release_kept_tensors() { Keeper::instance().release(); }
std::size_t kept_tensor_bytes() { return Keeper::instance().kept(); }

}
