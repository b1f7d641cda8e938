// Bars of the DiT: forwards against PyTorch on the same machine (A and B take turns) and against the GEMM rate, cost of taps, speed-up of Δ-Cache.
// Usage: dit_bench PYTHON_SCRIPT THREADS
#include "core/base/error.h"
#include "core/base/process.h"
#include "core/base/time.h"
#include "core/engine/rates.h"
#include "core/nn/tap.h"
#include "core/nn/tensor_memory.h"
#include "plugins/delta_cache/engine/cache_schedule.h"
#include "plugins/delta_cache/engine/cost.h"
#include "plugins/delta_cache/engine/diffusion.h"
#include "plugins/delta_cache/engine/trajectory.h"
#include "tests/bench/bench.h"
#include "tests/bench/python_side.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

using namespace lathe;
using namespace lathe::bench;
using namespace lathe::delta_cache;

namespace {

constexpr int kTurns = 7;

std::unique_ptr<Dit> random_dit(const DitConfig& config) {
    auto dit = std::make_unique<Dit>(config);
    dit->initialize(0);
    auto random = at::make_generator<at::CPUGeneratorImpl>(1);
    dit->visit("", [&random](const std::string& key, at::Tensor& tensor) {
        if (key.find("adaLN") != key.npos || key.starts_with("final_layer")) tensor.normal_(0, 0.02, random);
    });
    dit->prepare_inference();
    return dit;
}

std::vector<at::Tensor> inputs(const DitConfig& config, int batch) {
    return {at::randn({batch, config.in_channels, config.input_size, config.input_size}), at::full({batch}, 500.0), at::arange(batch, at::kLong)};
}

template <class F> double seconds_of(F f) {
    const double start = monotonic_seconds();
    f();
    return monotonic_seconds() - start;
}

/// Median seconds of one forward here; prints how many times faster than Python.
double against_python(const char* id, const std::string& script, const std::string& size, int threads) {
    const DitConfig config = dit_size(size);
    auto dit = random_dit(config);
    const auto in = inputs(config, 2);
    for (int i = 0; i < 2; ++i) dit->forward(in, nullptr);
    PythonSide python(script, {"--size", size, "--batch", "2", "--threads", std::to_string(threads), "--repeat", std::to_string(kTurns)});
    std::vector<double> ours, theirs;
    for (int i = 0; i < kTurns; ++i) {
        theirs.push_back(python.seconds());
        ours.push_back(seconds_of([&] { dit->forward(in, nullptr); }));
    }
    char how[200];
    std::snprintf(how, sizeof how, "DiT-%s, batch 2, 256 tokens, %d threads: Python %.3f s, Lathe %.3f s; medians of %d in turns", size.c_str(), threads, median(theirs), median(ours), kTurns);
    print(id, median(theirs) / median(ours), "x", Bar::at_least, 1.2, how);
    return median(ours);
}

void tap_overhead() {
    DitConfig config = dit_size("S/4");          // the demo model: small, so that a tap point weighs most
    config.input_size = 28;
    config.patch = 4;
    config.in_channels = 1;
    config.hidden = 128;
    config.depth = 12;
    config.heads = 4;
    config.num_classes = 10;
    auto dit = random_dit(config);
    const auto in = inputs(config, 2);
    TapStack taps;
    taps.set_tick([] {});
    taps.attach(dit->layers());
    std::vector<double> with, without;
    for (int i = 0; i < 400; ++i) {
        without.push_back(seconds_of([&] { dit->forward(in, nullptr); }));
        with.push_back(seconds_of([&] { dit->forward(in, &taps); }));
    }
    char how[160];
    std::snprintf(how, sizeof how, "demo network, batch 2: %.3f ms without, %.3f ms with an attached stack of no taps; medians of 400 in turns", median(without) * 1e3, median(with) * 1e3);
    print("tap.overhead", std::max(0.0, median(with) / median(without) - 1) * 100, "%", Bar::at_most, 1, how);
}

void delta_speedup() {
    const DitConfig config = dit_size("B/2");
    auto dit = random_dit(config);
    constexpr int kSteps = 20;
    DiffusionOptions options;
    options.respacing = std::to_string(kSteps);
    options.variance = Variance::learned_range;
    DdimSampler sampler(options, 0);
    CacheOptions cache;
    cache.kind = CacheKind::delta;
    cache.interval = 2;
    cache.count = config.depth * 3 / 4;
    cache.switch_step = kSteps / 2;
    ScheduledPolicy policy(make_cache_schedule(cache, kSteps, config.depth));
    const auto run = [&](CachePolicy* p) {
        Trajectory trajectory(*dit, sampler, at::full({1}, 3, at::kLong), {4.0, 3}, NoiseSource(0, {1, config.in_channels, config.input_size, config.input_size}), p);
        double seconds = 0;
        while (!trajectory.done()) seconds += trajectory.advance(nullptr).seconds;
        return seconds;
    };
    std::vector<double> full, cached;
    for (int i = 0; i < 3; ++i) {
        full.push_back(run(nullptr));
        cached.push_back(run(&policy));
    }
    const double ideal = policy.schedule().predicted_speedup(), measured = median(full) / median(cached);
    char how[200];
    std::snprintf(how, sizeof how, "DiT-B/2, guided, 20 steps, N=2, Nc=9: %.2f s to %.2f s = %.3fx of ideal %.3fx (block MACs); medians of 3 in turns", median(full), median(cached), measured, ideal);
    print("delta.speedup_share", measured / ideal, "", Bar::at_least, 0.95, how);
}

}

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fputs("usage: dit_bench PYTHON_SCRIPT [THREADS]\n", stderr);
        return 2;
    }
    try {
        keep_tensor_memory();                    // as the engine does
        const c10::InferenceMode inference;
        const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : usable_cores();
        at::set_num_threads(threads);
        tap_overhead();
        against_python("dit.b2_vs_python", argv[1], "B/2", threads);
        const auto before = measure_rates([] { return true; });
        const double seconds = against_python("dit.xl2_vs_python", argv[1], "XL/2", threads);
        const auto after = measure_rates([] { return true; });
        const double gemm = std::max(before->gemm_f32, after->gemm_f32), reached = 2 * 2 * forward_macs(dit_size("XL/2")).full / seconds / 1e9;
        char how[160];
        std::snprintf(how, sizeof how, "%.0f GFLOPS in the whole forward (batch 2) of %.0f GFLOPS measured in this run (best of at::linear and prepacked, 512x1152 -> 4608)", reached, gemm);
        print("dit.xl2_gemm_share", reached / gemm * 100, "%", Bar::at_least, 80, how);
        delta_speedup();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "dit_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
