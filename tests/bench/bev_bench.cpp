// Bars of Fast-BEV: view tables and gather against the memory of this machine and the official PyTorch path, networks against PyTorch and the convolution rate.
// Usage: bev_bench PYTHON_SCRIPT [THREADS]
#include "core/nn/int8_conv.h"
#include "core/nn/kernels.h"
#include "plugins/bev/engine/detector.h"
#include "plugins/bev/engine/family.h"
#include "plugins/bev/engine/head.h"
#include "tests/bench/tensor_bench.h"
#include <ATen/ATen.h>

using namespace lathe;
using namespace lathe::bench;
using namespace lathe::bev;

namespace {

constexpr int kTurns = 5;

/// Bytes a second that LibTorch writes or copies on all threads, the better of the two, counted in both directions.
class MemoryRate {
public:
    double measure() {
        const double fill = seconds_of([&] { m_to.fill_(1); }), copy = seconds_of([&] { m_to.copy_(m_from); });
        return static_cast<double>(m_to.nbytes()) * std::max(1 / fill, 2 / copy);
    }
    /// The same of a copy past the cache, by our own kernel with rows in their order: more than LibTorch reaches.
    double streamed() { return 2 * static_cast<double>(m_to.nbytes()) / seconds_of([&] { fused::gather_rows({m_from}, kRow, {m_order}, 0, m_to); }); }
private:
    static constexpr std::int64_t kBytes = std::int64_t{192} << 20, kRow = 256;
    const at::Tensor m_from = at::ones({kBytes}, at::kByte), m_to = at::ones_like(m_from), m_order = at::arange(kBytes / kRow, at::kInt);
};

/// `work` and `rate` take turns, and each piece of work is held against the rates before and after it. {median of the shares, of the seconds, of the rates}.
template <class Work, class Rate> std::array<double, 3> shares_in_turns(int turns, double amount, Work work, Rate rate) {
    std::vector<double> seconds, rates{rate()}, shares;
    work();
    for (int i = 0; i < turns; ++i) {
        seconds.push_back(seconds_of(work));
        rates.push_back(rate());
        shares.push_back(2 * amount / seconds.back() / (rates[rates.size() - 2] + rates.back()));
    }
    return {median(shares), median(seconds), median(rates)};
}

void view(Detector& m0, const std::vector<at::Tensor>& example, const std::string& script, int threads) {
    const ViewTables tables = m0.tables(example[1], {});
    const auto& level = tables.levels.front();
    std::vector<Projection> cameras;
    for (int i = 0; i < 6; ++i) cameras.push_back(projection_of(std::span<const float, 16>(example[1].const_data_ptr<float>() + i * 16, 16), 4));
    std::vector<std::int32_t> lut(static_cast<std::size_t>(level.grid.count()));
    const double build = median(timed(15, [&] { build_lut(level.grid, cameras, level.size, {}, 0, level.grid.n[0], lut.data(), nullptr); }));
    print("bev.lut_ms", build * 1e3, "ms", Bar::at_most, 2, "view table of M0, one frame of six cameras, one core; median of 15");

    const std::vector<at::Tensor> features{at::randn({24, 64, 64, 176}).contiguous(at::MemoryFormat::ChannelsLast)};
    const double bytes = 4.0 * (static_cast<double>(level.grid.count()) * 64 * 4 + 6 * 64 * 64 * 176 * 4);
    MemoryRate memory;
    memory.measure();
    const auto work = [&] { m0.folded(features, tables, Overlap::last); };
    const auto [share, gather, rate] = shares_in_turns(15, bytes, work, [&] { return memory.measure(); });
    const double streamed = shares_in_turns(15, bytes, work, [&] { return memory.streamed(); })[0];
    print("bev.gather_bandwidth_share", 100 * share, "%", Bar::at_least, 70,
        text("M0, 4 frames: %.0f MB moved in %.1f ms = %.1f GB/s, between the better of LibTorch's fill and copy at %.1f GB/s; %.0f %% of our own copy past the cache; medians of 15 in turns", bytes / 1e6, gather * 1e3,
            bytes / gather / 1e9, rate / 1e9, 100 * streamed));

    const Turns turns = in_turns(script, {"--part", "view"}, threads, kTurns, [&] { m0.folded(features, m0.tables(example[1], {}), Overlap::last); });
    print("bev.view_vs_python", turns.ratio(), "x", Bar::at_least, 10,
        text("matrices to folded volume, M0, 4 frames, %d threads: Python %.3f s, Lathe %.4f s; medians of %d in turns", threads, turns.python, turns.ours, kTurns));
}

/// GFLOPS of the 3 x 3 convolution that costs most of M0, channels last.
class ConvRate {
public:
    double measure() {
        return 2 * 2.0 * 40'000 * 256 * 256 * 9 / seconds_of([&] {
            for (int i = 0; i < 2; ++i) at::conv2d(m_x, m_w, m_b, {1, 1}, {1, 1});
        }) / 1e9;
    }
private:
    const at::Tensor m_x = at::randn({1, 256, 200, 200}).contiguous(at::MemoryFormat::ChannelsLast), m_w = at::randn({256, 256, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast), m_b = at::randn({256});
};

void networks(Detector& m0, const std::string& script, int threads) {
    const at::Tensor images = at::randn({6, 3, 256, 704}).contiguous(at::MemoryFormat::ChannelsLast), folded = at::randn({1, 1024, 200, 200}).contiguous(at::MemoryFormat::ChannelsLast);
    const Turns image = in_turns(script, {"--part", "images"}, threads, kTurns, [&] { m0.image_features(images, nullptr); });
    const Turns bev = in_turns(script, {"--part", "encoder"}, threads, kTurns, [&] { m0.encode(m0.fuse(folded, nullptr), nullptr); });
    print("bev.net_vs_python", std::min(image.ratio(), bev.ratio()), "x", Bar::at_least, 1.2,
        text("M0, %d threads: image network Python %.2f s, Lathe %.2f s; BEV encoder Python %.2f s, Lathe %.2f s; the smaller ratio; medians of %d in turns", threads, image.python, image.ours, bev.python, bev.ours, kTurns));
    constexpr double kGflop = 2 * (52.9 + 82.0);
    ConvRate convolution;
    convolution.measure();
    const auto [share, seconds, rate] = shares_in_turns(7, kGflop, [&] {
        m0.image_features(images, nullptr);
        m0.encode(m0.fuse(folded, nullptr), nullptr);
    }, [&] { return convolution.measure(); });
    print("bev.net_conv_share", 100 * share, "%", Bar::at_least, 80,
        text("%.0f GFLOPS in both networks, between products at %.0f GFLOPS (3x3, 256 to 256, 200x200, channels last); medians of 7 in turns", kGflop / seconds, rate));
}

/// A whole frame as it comes when a car drives: six new pictures, the features of three earlier moments kept.
class WholeFrame {
public:
    WholeFrame(Detector& net, const std::vector<at::Tensor>& example) : m_net(net), m_images(example[0].narrow(0, 0, 6).contiguous(at::MemoryFormat::ChannelsLast)), m_matrices(example[1]) {}
    double seconds() {
        if (m_kept.empty()) m_kept.assign(3, m_net.image_features(m_images, nullptr));
        const double start = monotonic_seconds();
        std::vector<std::vector<at::Tensor>> frames{m_net.image_features(m_images, nullptr)};
        const double seen = monotonic_seconds();
        frames.insert(frames.end(), m_kept.begin(), m_kept.end());
        const at::Tensor folded = m_net.folded(frames, m_net.tables(m_matrices, {}), Overlap::last);
        const double lifted = monotonic_seconds();
        const HeadMaps maps = m_net.head(m_net.encode(m_net.fuse(folded, nullptr), nullptr), nullptr);
        const double decided = monotonic_seconds();
        detect(maps.cls[0], maps.reg[0], maps.dir[0], m_net.detector_config().range, m_net.detector_config().post);
        images.push_back(seen - start);
        view.push_back(lifted - seen);
        encoder.push_back(decided - lifted);
        return monotonic_seconds() - start;
    }
    std::vector<double> images, view, encoder;
private:
    Detector& m_net;
    at::Tensor m_images, m_matrices;
    std::vector<std::vector<at::Tensor>> m_kept;
};

void int8(Detector& m0, const std::vector<at::Tensor>& example) {
    if (!has_int8_conv()) throw std::runtime_error("this LibTorch has no oneDNN engine for int8");
    Detector quick(zoo("M0"));
    quick.initialize(1);
    WholeFrame plain(m0, example), integer(quick, example);
    quick.calibrate("bench", [&] { WholeFrame(quick, example).seconds(); });
    plain.seconds();
    integer.seconds();
    std::vector<double> slow, fast;
    for (int i = 0; i < kTurns; ++i) {
        slow.push_back(plain.seconds());
        fast.push_back(integer.seconds());
    }
    print("bev.int8_speedup", median(slow) / median(fast), "x", Bar::at_least, 2.5,
        text("M0, one frame with the history kept: fp32 %.3f s (images %.3f, view %.3f, encoder and head %.3f), int8 %.3f s (%.3f, %.3f, %.3f), %d convolutions in int8; medians of %d in turns", median(slow), median(plain.images),
            median(plain.view), median(plain.encoder), median(fast), median(integer.images), median(integer.view), median(integer.encoder), quick.int8_units(), kTurns));
}

void measure(const std::string& script, int threads) {
    Detector m0(zoo("M0"));
    m0.initialize(1);
    m0.prepare_inference();
    view(m0, make_family()->example(m0, 1, 1), script, threads);
    int8(m0, make_family()->example(m0, 1, 1));
    networks(m0, script, threads);
}

}

int main(int argc, char** argv) { return bench_main(argc, argv, measure); }
