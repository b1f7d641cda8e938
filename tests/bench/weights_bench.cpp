#include "tests/bench/weights_bench.h"
#include "core/nn/tensor_memory.h"
#include "plugins/vit_merge/engine/gate_plan.h"
#include "plugins/vit_merge/engine/merge_kernels.h"
#include "plugins/vit_merge/engine/merge_weights.h"
#include "tests/bench/tensor_bench.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace lathe::bench {
namespace {

namespace fs = std::filesystem;
using namespace vit_merge;

constexpr int kModels = 8, kTurns = 7;

VitConfig base_16() {
    VitConfig config;                                      // ViT-B/16 is what its fields say
    config.classes = 1000;
    return config;
}

class WeightFiles {
public:
    WeightFiles() : m_folder(fs::temp_directory_path() / ("lathe_merge_bench_" + std::to_string(getpid()))) {
        fs::create_directories(m_folder);
        const VitConfig config = base_16();
        auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{7});
        TensorMap tensors;
        for (const auto& [key, shape] : canonical_shapes(config)) tensors.emplace(key, at::rand(shape, generator, at::TensorOptions(at::kFloat)).sub_(0.5).mul_(0.1));
        for (int i = 0; i < kModels; ++i) {
            for (auto& [key, tensor] : tensors) tensor.mul_(1.01).add_(1e-3);
            ModelSource source;
            source.name = "m" + std::to_string(i);
            source.path = m_folder / (source.name + ".safetensors");
            write_safetensors(source.path, tensors, {{"lathe.config", to_json(config).dump()}});
            sources.push_back(std::move(source));
        }
    }
    ~WeightFiles() {
        std::error_code ignored;
        fs::remove_all(m_folder, ignored);
    }
    WeightFiles(const WeightFiles&) = delete;
    WeightFiles& operator=(const WeightFiles&) = delete;
    std::vector<ModelSource> sources;
private:
    fs::path m_folder;
};

std::int64_t anonymous_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("RssAnon:")) return std::atoll(line.c_str() + 8) * 1024;
    return 0;
}

/// The most that anonymous memory reaches while `work` runs.
template <class F> std::int64_t peak_while(F work) {
    std::atomic<bool> done = false;
    std::atomic<std::int64_t> peak = anonymous_bytes();
    std::thread watcher([&] {
        while (!done) {
            peak = std::max<std::int64_t>(peak, anonymous_bytes());
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    });
    work();
    done = true;
    watcher.join();
    return std::max<std::int64_t>(peak, anonymous_bytes());
}

/// a = b + 3 c over 256 MB each, LibTorch's own loop.
class Triad {
public:
    double rate() { return 12.0 * static_cast<double>(m_a.numel()) / seconds_of([&] { at::add_out(m_a, m_b, m_c, 3.0); }); }
private:
    at::Tensor m_a = at::zeros({64 << 20}), m_b = at::ones({64 << 20}), m_c = at::ones({64 << 20});
};

/// Reading the mapped weights once and writing nothing that leaves the cache.
double read_rate(const ModelSet& set) {
    double bytes = 0;
    const auto pass = [&] {
        for (const SharedKey& key : set.keys)
            for (int i = 0; i < kModels; ++i) {
                const at::Tensor tensor = set.tensor(i, key);
                const float* data = tensor.const_data_ptr<float>();
                at::parallel_for(0, (key.elements + 16'383) / 16'384, 1, [&](std::int64_t begin, std::int64_t end) {
                    std::vector<float> sink(16'384);
                    for (std::int64_t first = begin * 16'384; first < std::min(end * 16'384, key.elements); first += 16'384) {
                        const kernel::WeightSource one{data + first, kernel::WeightType::f32, 1};
                        kernel::table().weighted_sum(&one, 1, sink.data(), std::min<std::int64_t>(16'384, key.elements - first), false);
                    }
                });
                bytes += 4.0 * static_cast<double>(key.elements);
            }
    };
    const double seconds = seconds_of(pass);
    return bytes / seconds;
}

}

void measure_weight_merging(int threads) {
    const WeightFiles files;
    release_kept_tensors();
    const std::int64_t before = anonymous_bytes();
    const auto set = open_model_set(files.sources, {}, {});
    MergeSettings average;
    average.method = MergeMethod::average;
    std::int64_t elements = 0;
    for (const SharedKey& key : set->keys) elements += key.elements;
    const double model = 4.0 * static_cast<double>(elements);
    const auto peak = static_cast<double>(peak_while([&] { merge_static(*set, average, {}, {}); }));
    std::vector<double> merging, reading, triads;          // in turns: what the memory gives depends on who else uses it
    Triad triad;
    for (int turn = 0; turn < kTurns; ++turn) {
        merging.push_back((kModels + 1) * model / seconds_of([&] { merge_static(*set, average, {}, {}); }));
        reading.push_back(read_rate(*set));
        triads.push_back(triad.rate());
    }
    const double moved = median(merging), read = median(reading), added = median(triads), bandwidth = std::max(read, added), similarity = seconds_of([&] { block_similarity(*set, Similarity::l2, false); });
    print("merge.bandwidth_share", moved / bandwidth, "", Bar::at_least, 0.8,
        text("%d ViT-B/16 from mapped files, medians of %d in turns: %.1f GB/s moved; memory: %.1f GB/s read from the same files, %.1f GB/s triad, the larger counts; similarity of blocks in %.2f s; %s, %d threads", kModels, kTurns, moved / 1e9, read / 1e9,
            added / 1e9, similarity, kernel::table().isa, threads));
    print("merge.peak_share", peak / model, "", Bar::at_most, 1.3,
        text("RssAnon at most %.0f MB while %d models of %.0f MB became one, all of the process counted; %.0f MB before", peak / 1e6, kModels, model / 1e6, static_cast<double>(before) / 1e6));
}

}
