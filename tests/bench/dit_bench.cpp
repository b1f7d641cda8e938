// Bars of the DiT: forwards against PyTorch on the same machine (A and B take turns) and against the GEMM rate, cost of taps, speed-up of Δ-Cache.
// Usage: dit_bench PYTHON_SCRIPT [THREADS]
#include "core/nn/onednn_linear.h"
#include "core/nn/tap.h"
#include "plugins/delta_cache/engine/cache_schedule.h"
#include "plugins/delta_cache/engine/cost.h"
#include "plugins/delta_cache/engine/diffusion.h"
#include "plugins/delta_cache/engine/trajectory.h"
#include "tests/bench/tensor_bench.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

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

void against_python(const char* id, Dit& dit, const std::string& size, const std::string& script, int threads) {
    const auto in = inputs(dit.dit_config(), 2);
    const Turns turns = in_turns(script, {"--size", size, "--batch", "2"}, threads, kTurns, [&] { dit.forward(in, nullptr); });
    print(id, turns.ratio(), "x", Bar::at_least, 1.2,
        text("DiT-%s, batch 2, 256 tokens, %d threads: Python %.3f s, Lathe %.3f s; medians of %d in turns", size.c_str(), threads, turns.python, turns.ours, kTurns));
}

/// The product 512 x 1152 -> 4608 by at::linear and by oneDNN with a prepacked weight, where that is right.
class GemmRate {
public:
    GemmRate() {
        if (!has_onednn_linear()) return;
        const at::Tensor packed = onednn_prepack(m_w, 512);
        if (relative_difference(onednn_linear(m_x, packed, m_b), at::linear(m_x, m_w, m_b)) < 1e-4) m_ways.push_back([this, packed] { onednn_linear(m_x, packed, m_b); });
    }
    GemmRate(const GemmRate&) = delete;
    GemmRate& operator=(const GemmRate&) = delete;
    /// Measures every way for half a second: as a forward does, that takes in whatever else the machine has to do.
    void measure() {
        for (std::size_t way = 0; way < m_ways.size(); ++way) {
            int products = 0;
            const double begin = monotonic_seconds();
            double seconds = 0;
            for (; seconds < 0.5; seconds = monotonic_seconds() - begin, ++products) m_ways[way]();
            m_rates[way].push_back(products * kGflop / seconds);
        }
    }
    /// GFLOPS of the better way, one for each measure().
    const std::vector<double>& best() const { return m_rates[1].empty() || median(m_rates[0]) > median(m_rates[1]) ? m_rates[0] : m_rates[1]; }

private:
    static constexpr double kGflop = 2.0 * 512 * 1152 * 4608 / 1e9;
    const at::Tensor m_x = at::rand({512, 1152}) - 0.5, m_w = at::rand({4608, 1152}) - 0.5, m_b = at::rand({4608}) - 0.5;
    std::vector<std::function<void()>> m_ways{[this] { at::linear(m_x, m_w, m_b); }};
    std::vector<double> m_rates[2];
};

/// Forwards and products take turns, and each forward is held against the products before and after it.
void gemm_share(Dit& dit) {
    const auto in = inputs(dit.dit_config(), 2);
    const double gflop = 2 * 2 * forward_macs(dit.dit_config()).full / 1e9;
    GemmRate gemm;
    std::vector<double> reached, shares;
    dit.forward(in, nullptr);
    gemm.measure();
    for (int i = 0; i < kTurns; ++i) {
        reached.push_back(gflop / seconds_of([&] { dit.forward(in, nullptr); }));
        gemm.measure();
    }
    const std::vector<double>& rate = gemm.best();
    for (std::size_t i = 0; i < reached.size(); ++i) shares.push_back(100 * 2 * reached[i] / (rate[i] + rate[i + 1]));
    print("dit.xl2_gemm_share", median(shares), "%", Bar::at_least, 80,
        text("whole forward of DiT-XL/2 (batch 2) at %.0f GFLOPS, between products at %.0f GFLOPS (512x1152 -> 4608, the better of at::linear and prepacked, half a second each time); median of %d shares, %.0f to %.0f %%",
            median(reached), median(rate), kTurns, *std::ranges::min_element(shares), *std::ranges::max_element(shares)));
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
    print("tap.overhead", std::max(0.0, median(with) / median(without) - 1) * 100, "%", Bar::at_most, 1,
        text("demo network, batch 2: %.3f ms without, %.3f ms with an attached stack of no taps; medians of 400 in turns", median(without) * 1e3, median(with) * 1e3));
}

void delta_speedup(Dit& dit) {
    const DitConfig& config = dit.dit_config();
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
        Trajectory trajectory(dit, sampler, at::full({1}, 3, at::kLong), {4.0, 3}, NoiseSource(0, {1, config.in_channels, config.input_size, config.input_size}), p);
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
    print("delta.speedup_share", measured / ideal, "", Bar::at_least, 0.95,
        text("DiT-B/2, guided, 20 steps, N=2, Nc=9: %.2f s to %.2f s = %.3fx of ideal %.3fx (block MACs); medians of 3 in turns", median(full), median(cached), measured, ideal));
}

void measure(const std::string& script, int threads) {
    tap_overhead();
    {
        auto b2 = random_dit(dit_size("B/2"));
        against_python("dit.b2_vs_python", *b2, "B/2", script, threads);
        delta_speedup(*b2);
    }
    auto xl2 = random_dit(dit_size("XL/2"));
    against_python("dit.xl2_vs_python", *xl2, "XL/2", script, threads);
    gemm_share(*xl2);
}

}

int main(int argc, char** argv) { return bench_main(argc, argv, measure); }
