#include "core/engine/rates.h"
#include "core/base/log.h"
#include "core/base/time.h"
#include "core/nn/int8_conv.h"
#include "core/nn/onednn_linear.h"
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/quantized/PackedParams.h>
#include <c10/core/InferenceMode.h>
#include <algorithm>
#include <fstream>
#include <limits>
#include <set>

namespace lathe {
namespace {

using KeepGoing = std::function<bool()>;
struct Interrupted {};

constexpr std::int64_t kRows = 512, kIn = 1152, kOut = 4608;
constexpr std::string_view kPrepacked = "f32 prepacked";
constexpr double kParPerThread = 10;   // GFLOPS in f32: any CPU with AVX2 does several times that, a reference BLAS about 2

c10::IValue call(const char* op, std::vector<c10::IValue> stack) {
    c10::Dispatcher::singleton().findSchemaOrThrow(op, "").callBoxed(&stack);
    return stack[0];
}

/// The four ways to multiply that are measured; each is made for one weight and called with one input.
struct Product {
    std::string_view name;
    std::function<at::Tensor()> run;
    at::Tensor expected;     // float64
    double tolerance;        // relative to the largest expected value
};

std::vector<Product> products(std::int64_t rows, std::int64_t in, std::int64_t out) {
    const at::Tensor x = at::rand({rows, in}) - 0.5, w = at::rand({out, in}) - 0.5, b = at::rand({out}) - 0.5;
    const at::Tensor expected = at::linear(x.to(at::kDouble), w.to(at::kDouble), b.to(at::kDouble));
    std::vector<Product> made;
    made.push_back({"f32", [=] { return at::linear(x, w, b); }, expected, 1e-4});
    if (has_onednn_linear()) {
        const at::Tensor packed = onednn_prepack(w, rows);
        made.push_back({kPrepacked, [=] { return onednn_linear(x, packed, b); }, expected, 1e-4});
    }
    const at::Tensor xh = x.to(at::kBFloat16), wh = w.to(at::kBFloat16), bh = b.to(at::kBFloat16);
    made.push_back({"bf16", [=] { return at::linear(xh, wh, bh); }, expected, 3e-2});
    const auto& engines = at::globalContext().supportedQEngines();
    if (std::find(engines.begin(), engines.end(), at::QEngine::ONEDNN) != engines.end()) {
        at::globalContext().setQEngine(at::QEngine::ONEDNN);
        const double range = 0.5 * double(in) * 0.25, scale = std::max(range / 1024.0, expected.abs().max().item<double>() / 127.0);
        const at::Tensor qx = at::quantize_per_tensor(x, 1.0 / 255, 128, at::kQUInt8);
        const at::Tensor qw = at::quantize_per_channel(w, at::full({out}, 0.5 / int8_weight_limit(), at::kDouble), at::zeros({out}, at::kLong), 0, at::kQInt8);
        const c10::IValue weights = call("quantized::linear_prepack", {qw, std::optional<at::Tensor>(b)});
        const at::Tensor exact = at::linear(qx.dequantize().to(at::kDouble), qw.dequantize().to(at::kDouble), b.to(at::kDouble));
        made.push_back({"int8", [=] { return call("quantized::linear", {qx, weights, scale, std::int64_t{128}}).toTensor().dequantize(); }, exact,
            1.5 * scale / exact.abs().max().item<double>()});
    }
    return made;
}

bool is_right(const Product& p) { return relative_difference(p.run(), p.expected) <= p.tolerance; }

/// Best time of `work`: at least 3 and at most 20 turns, about 0.15 s.
double best_seconds(const std::function<void()>& work, const KeepGoing& keep_going) {
    double best = std::numeric_limits<double>::infinity(), spent = 0;
    for (int turn = 0; turn < 20 && (turn < 3 || spent < 0.15) && spent < 1.5; ++turn) {
        if (!keep_going()) throw Interrupted{};
        const double start = monotonic_seconds();
        work();
        const double seconds = monotonic_seconds() - start;
        spent += seconds;
        best = std::min(best, seconds);
    }
    return best;
}

double triad_bytes_per_second(const KeepGoing& keep_going) {
    constexpr std::int64_t n = 12 << 20;   // 48 MiB each: beyond any cache that counts
    const at::Tensor b = at::rand({n}), c = at::rand({n});
    at::Tensor a = at::empty({n});
    const double seconds = best_seconds([&] { at::add_out(a, b, c, 3.0); }, keep_going);
    return 3.0 * 4.0 * double(n) / seconds;
}

Rates measure(const KeepGoing& keep_going) {
    const c10::InferenceMode inference;
    Rates rates;
    rates.device = "cpu";
    rates.threads = at::get_num_threads();
    rates.blas = loaded_blas();
    std::set<std::string_view> wrong;
    for (const auto& p : products(48, 300, 80))   // an odd shape: kernels go wrong at the edges first
        if (!is_right(p)) wrong.insert(p.name);
    wrong.erase(kPrepacked);                      // FastLinear checks that one for every shape it uses
    const double gflop = 2.0 * double(kRows) * double(kIn) * double(kOut) / 1e9;
    for (const auto& p : products(kRows, kIn, kOut)) {
        if (wrong.contains(p.name)) continue;
        if (!is_right(p)) {
            if (p.name != kPrepacked) wrong.insert(p.name);
            continue;
        }
        const double rate = gflop / best_seconds([&] { p.run(); }, keep_going);
        double& slot = p.name == "bf16" ? rates.gemm_bf16 : p.name == "int8" ? rates.int8 : rates.gemm_f32;
        slot = std::max(slot, rate);
    }
    rates.bytes_per_s = triad_bytes_per_second(keep_going);

    std::string names;
    for (const std::string_view name : wrong) names += (names.empty() ? "" : ", ") + std::string(name);
    if (!names.empty()) rates.warn = "Matrix products in " + names + " give wrong numbers on this machine: results cannot be trusted. Reinstall LibTorch and libopenblas0-openmp. ";
    if (rates.blas == "reference")
        rates.warn += "LibTorch uses the reference BLAS, about 90 times slower than OpenBLAS: install libopenblas0-openmp. ";
    else if (rates.blas == "openblas-pthread")
        rates.warn += "LibTorch uses the pthread build of OpenBLAS, which makes attention about 5 times slower: install libopenblas0-openmp and choose it with update-alternatives --config libblas.so.3-$(uname -m)-linux-gnu. ";
    if (rates.gemm_f32 > 0 && rates.gemm_f32 < kParPerThread * rates.threads)
        rates.warn += "Matrix products run at " + std::to_string(int(rates.gemm_f32)) + " GFLOPS, far under what this processor should do; another program may be using it. Measure again when it is quiet. ";
    while (!rates.warn.empty() && rates.warn.back() == ' ') rates.warn.pop_back();
    return rates;
}

}

std::string loaded_blas() {
    std::ifstream maps("/proc/self/maps");
    std::string found = "unknown";
    for (std::string line; std::getline(maps, line);) {
        const auto slash = line.find('/');
        if (slash == std::string::npos) continue;
        const std::string_view file = std::string_view(line).substr(slash);
        const auto has = [&](const char* text) { return file.find(text) != std::string_view::npos; };
        for (const char* variant : {"openblas-openmp", "openblas-pthread", "openblas-serial"})
            if (has(variant)) return variant;
        if (has("libmkl_")) return "mkl";
        if (has("/blis")) return "blis";
        if (has("/atlas/")) return "atlas";
        if (has("/blas/libblas")) found = "reference";
    }
    return found;
}

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) return line.substr(std::min(line.size(), line.find(':') + 2));
    return "unknown processor";
}

std::optional<Rates> measure_rates(const KeepGoing& keep_going) {
    try {
        Rates rates = measure(keep_going);
        if (!rates.warn.empty()) log(LogLevel::warning, "rates", rates.warn);
        return rates;
    } catch (const Interrupted&) {
        return std::nullopt;
    }
}

}
