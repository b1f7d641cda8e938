// Large tensors from kept memory: reused by size, bounded, given back, freed by either deleter.
#include "core/nn/tensor_memory.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <c10/core/Allocator.h>
#include <thread>

using namespace lathe;

class TestTensorMemory : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { keep_tensor_memory(std::size_t{64} << 20); }
    void init() { release_kept_tensors(); }

    void small_tensors_are_not_kept() {
        at::ones({1000});
        QCOMPARE(kept_tensor_bytes(), std::size_t{0});
    }
    void a_freed_block_serves_the_next_of_its_size() {
        const void* first = at::ones({1 << 20}).const_data_ptr();
        QCOMPARE(kept_tensor_bytes(), std::size_t{4} << 20);
        const at::Tensor again = at::full({1 << 20}, 2.0), other = at::full({1 << 20}, 3.0);
        QCOMPARE(again.const_data_ptr(), first);
        QVERIFY(other.const_data_ptr() != first);
        QCOMPARE(kept_tensor_bytes(), std::size_t{0});
        QVERIFY((again == 2).all().item<bool>() && (other == 3).all().item<bool>());
        const at::Tensor nearly = at::empty({(1 << 20) - 4096});   // rounds up to the same class
        QCOMPARE(nearly.nbytes() <= (std::size_t{4} << 20), true);
    }
    void no_more_than_the_budget_is_kept() {
        for (int i = 0; i < 4; ++i) at::empty({std::int64_t{24} << 20}, at::kByte);
        std::vector<at::Tensor> all;
        for (int i = 0; i < 6; ++i) all.push_back(at::empty({std::int64_t{16} << 20}, at::kByte));
        all.clear();
        QVERIFY(kept_tensor_bytes() <= (std::size_t{64} << 20) && kept_tensor_bytes() > 0);
        release_kept_tensors();
        QCOMPARE(kept_tensor_bytes(), std::size_t{0});
    }
    void raw_pointers_of_any_size_are_freed() {
        c10::Allocator* allocator = c10::GetAllocator(c10::DeviceType::CPU);
        for (const std::size_t bytes : {std::size_t{1}, std::size_t{4096}, std::size_t{3} << 20}) {
            void* memory = allocator->raw_allocate(bytes);
            std::memset(memory, 1, bytes);
            allocator->raw_deallocate(memory);
        }
        QCOMPARE(kept_tensor_bytes(), std::size_t{3} << 20);
    }
    void convolutions_and_threads() {
        const at::Tensor x = at::randn({2, 8, 160, 160}).contiguous(at::MemoryFormat::ChannelsLast), w = at::randn({16, 8, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
        const at::Tensor want = at::conv2d(x, w);
        std::atomic<int> equal = 0;
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 10; ++i) equal += at::allclose(at::conv2d(x, w), want, 1e-4, 1e-4);
            });
        for (auto& thread : threads) thread.join();
        QCOMPARE(equal.load(), 40);
    }
};

QTEST_GUILESS_MAIN(TestTensorMemory)
#include "test_tensor_memory.moc"
