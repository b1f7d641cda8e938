// Bars of quantization: the integer engine against the same network in fp32 and against ONNX Runtime's integers, the export against the simulation, and AdaRound against PyTorch.
// Usage: quant_bench PYTHON_SCRIPT [THREADS]; the published ResNet-20 and CIFAR-10 are read from LATHE_DATA.
#include "core/engine/classification_data.h"
#include "core/nn/tensor_index.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/image_resnet.h"
#include "plugins/quantization/engine/int8_engine.h"
#include "plugins/quantization/engine/integer_tap.h"
#include "plugins/quantization/engine/network_reconstruction.h"
#include "plugins/quantization/engine/onnx_runtime.h"
#include "plugins/quantization/engine/qdq_export.h"
#include "tests/bench/tensor_bench.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <filesystem>

using namespace lathe;
using namespace lathe::bench;
using namespace lathe::quantization;
namespace fs = std::filesystem;

namespace {

constexpr int kTurns = 7;

class BenchFolder {
public:
    BenchFolder() {
        std::string name = (fs::temp_directory_path() / "quant-bench-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw Error(ErrorCode::io, "No temporary folder can be made.", name);
        m_path = name;
    }
    ~BenchFolder() {
        std::error_code ignored;
        fs::remove_all(m_path, ignored);
    }
    fs::path operator/(const char* name) const { return m_path / name; }
private:
    fs::path m_path;
};

/// A network calibrated for ONNX Runtime, with its integer engine and its file.
struct Subject {
    Subject(std::shared_ptr<Network> given, const std::vector<at::Tensor>& batches, const fs::path& onnx) : network(std::move(given)), file(onnx) {
        const c10::InferenceMode as_in_the_engine(false);   // its work thread has gradients off
        const c10::NoGradGuard no_gradients;
        const Backend& target = backend("onnxruntime");
        tap = std::make_shared<QuantTap>(*network, place(trace(*network, {batches.front().narrow(0, 0, 1)}), network->layers(), target, defaults_of(target)));
        calibrate(*network, tap, batches);
        made = std::make_unique<QdqExport>(export_qdq(*network, *tap));
        made->model.save(file);
        engine = std::make_unique<Int8Engine>(*network, *tap);
        network->prepare_inference();
    }
    std::shared_ptr<Network> network;
    std::shared_ptr<QuantTap> tap;
    std::unique_ptr<QdqExport> made;
    std::unique_ptr<Int8Engine> engine;
    fs::path file;
};

fs::path data_folder() {
    const char* data = std::getenv("LATHE_DATA");
    const fs::path folder = data ? data : "";
    if (!data || !fs::exists(folder / "cifar10-resnets" / "resnet20.safetensors")) throw Error(ErrorCode::not_found, "The published ResNet-20 is not here.", folder.string(), "Set LATHE_DATA.");
    return folder;
}

struct Times { double ours = 0, other = 0, other_precise = 0, ratio() const { return other / ours; } };

Times against_float(Subject& s, const at::Tensor& images) {
    std::vector<double> slow, fast;
    s.network->forward({images}, nullptr);
    s.engine->forward(images);
    for (int i = 0; i < kTurns; ++i) {
        slow.push_back(seconds_of([&] { s.network->forward({images}, nullptr); }));
        fast.push_back(seconds_of([&] { s.engine->forward(images); }));
    }
    return {median(fast), median(slow)};
}

/// The runtime's own seconds of a run, without start and files.
double runtime_seconds(const Subject& s, const at::Tensor& images, int threads, bool precise) {
    OnnxRunSettings settings;
    settings.precise = precise;
    settings.threads = threads;
    settings.repeat = 3;
    return run_onnx(s.file, {{"x", images.contiguous()}}, settings).report.at("ms").at("median").get<double>() / 1e3;
}

Times against_runtime(Subject& s, const at::Tensor& images, int threads) {
    std::vector<double> theirs, precise, ours;
    s.engine->forward(images);
    for (int i = 0; i < kTurns; ++i) {
        theirs.push_back(runtime_seconds(s, images, threads, false));
        ours.push_back(median({seconds_of([&] { s.engine->forward(images); }), seconds_of([&] { s.engine->forward(images); }), seconds_of([&] { s.engine->forward(images); })}));
        precise.push_back(runtime_seconds(s, images, threads, true));
    }
    return {median(ours), median(theirs), median(precise)};
}

/// Pictures whose every integer and whose logits are those of the simulation.
void equal_images(Subject& s, const ClassificationSet& test, int threads) {
    constexpr std::int64_t kPictures = 256;
    const c10::InferenceMode as_in_the_engine(false);
    const c10::NoGradGuard no_gradients;
    const at::Tensor images = test.batch(0, kPictures);
    const auto integers = std::make_shared<IntegerTap>(*s.tap);
    OnnxRunSettings settings;
    settings.precise = true;
    settings.threads = threads;
    std::set<std::string> kept;
    for (const auto& [node, tensor] : s.made->codes) {
        kept.insert(node);
        settings.tensors.push_back(tensor);
    }
    integers->keep(kept);
    TapStack taps;
    taps.add(integers);
    taps.attach(s.network->layers());
    const at::Tensor logits = s.network->forward({images}, &taps);
    const OnnxRun run = run_onnx(s.file, {{"x", images.contiguous()}}, settings);
    const at::Tensor off = (run.outputs.at(s.made->output) - logits).abs().amax(1), own_off = (s.engine->forward(images) - logits).abs().amax(1);
    at::Tensor equal = off <= 1e-5;
    for (const auto& [node, tensor] : s.made->codes) equal = equal.logical_and((run.outputs.at(tensor) == integers->codes().at(node)).flatten(1).all(1));
    print("quant.ort_equal_images", equal.sum().item<double>(), "images", Bar::at_least, 256,
        text("published ResNet-20, %zu integer tensors of each of 256 pictures and its logits: largest difference of a logit %.2g, of the integer engine %.2g",
            s.made->codes.size(), off.max().item<double>(), own_off.max().item<double>()));
}

/// W4 A8 of backend Academic from 64 pictures, a tenth of the 600 iterations of each layer: the time is that of the iterations on both sides.
void adaround(const fs::path& data, const std::string& script, int threads) {
    constexpr std::int64_t kIterations = 60, kImages = 64;
    constexpr int kLearningTurns = 5;
    const c10::InferenceMode as_in_the_engine(false);
    const c10::NoGradGuard no_gradients;
    const std::shared_ptr<Network> network = make_cifar_family()->load(*open_tensors(data / "cifar10-resnets" / "resnet20.safetensors"), Json::object());
    std::map<std::string, at::Tensor> before;
    for (const auto& [key, tensor] : network->state()) before[key] = tensor.clone();
    const at::Tensor pictures = open_classification_set(data / "cifar10", true).batch(0, kImages);
    const NetworkGraph graph = trace(*network, {pictures.narrow(0, 0, 1)});
    const PartRunner runner(*network, graph);
    PlacementOptions options = defaults_of(backend("academic"));
    options.weights.bits = 4;
    options.weight_algorithm = options.activation_algorithm = Algorithm::fixed;
    options.weight_observer = options.activation_observer = ObserverKind::mse;
    const auto tap = std::make_shared<QuantTap>(*network, place(graph, network->layers(), backend("academic"), options));
    calibrate(*network, tap, {pictures});
    ReconstructionOptions learning;
    learning.iterations = kIterations;
    const Turns turns = in_turns(script, {"--part", "adaround", "--weights", "4", "--images", std::to_string(kImages), "--iterations", std::to_string(kIterations)}, threads, kLearningTurns, [&] {
        for (auto& [key, tensor] : network->state()) at::Tensor(tensor).copy_(before.at(key));
        network->visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
        tap->weights_changed();
        NetworkReconstruction work(*network, runner, tap, pictures, kImages, ReconstructionKind::adaround, learning);
        while (work.units_done() < work.units().size()) work.next({}, {});
    });
    print("quant.adaround_vs_python", turns.ratio(), "x", Bar::at_least, 1.2,
        text("published ResNet-20, W4, 64 pictures, %d iterations a layer (a tenth), %d threads: Python %.2f s, Lathe %.2f s; medians of %d in turns", int(kIterations), threads, turns.python, turns.ours, kLearningTurns));
}

void measure(const std::string& script, int threads) {
    const BenchFolder folder;
    const fs::path data = data_folder();
    const ClassificationSet test = open_classification_set(data / "cifar10", false);
    Subject small(make_cifar_family()->load(*open_tensors(data / "cifar10-resnets" / "resnet20.safetensors"), Json::object()), {open_classification_set(data / "cifar10", true).batch(0, 64)}, folder / "r20.onnx");
    equal_images(small, test, threads);

    const at::Tensor pictures = test.batch(0, 64);
    const Times r20 = against_float(small, pictures);
    print("quant.int8_r20_speedup", r20.ratio(), "x", Bar::at_least, 1.5,
        text("published ResNet-20, batch 64, %d threads, %s: fp32 %.2f ms, int8 %.2f ms; medians of %d in turns", threads, small.engine->instruction_set(), r20.other * 1e3, r20.ours * 1e3, kTurns));

    auto fresh = std::make_shared<ImageResNet>(ImageResNetConfig{});
    fresh->initialize(1);
    at::manual_seed(1);
    Subject large(fresh, {at::randn({2, 3, 224, 224}), at::randn({2, 3, 224, 224})}, folder / "r50.onnx");
    const at::Tensor picture = at::randn({1, 3, 224, 224}).contiguous(at::MemoryFormat::ChannelsLast);
    const Times r50 = against_float(large, picture);
    print("quant.int8_r50_speedup", r50.ratio(), "x", Bar::at_least, 2.5,
        text("ResNet-50 of random weights, 224 x 224, batch 1, %d threads, %s: fp32 %.1f ms, int8 %.1f ms; medians of %d in turns", threads, large.engine->instruction_set(), r50.other * 1e3, r50.ours * 1e3, kTurns));

    const Times runtime20 = against_runtime(small, pictures, threads), runtime50 = against_runtime(large, picture, threads);
    print("quant.int8_vs_ort", std::min(runtime20.ratio(), runtime50.ratio()), "x", Bar::at_least, 1,
        text("%d threads: ResNet-20, batch 64: ONNX Runtime %.2f ms (exact sums %.2f), Lathe %.2f ms; ResNet-50: %.1f ms (%.1f), %.1f ms; the smaller ratio; medians of %d in turns", threads, runtime20.other * 1e3,
            runtime20.other_precise * 1e3, runtime20.ours * 1e3, runtime50.other * 1e3, runtime50.other_precise * 1e3, runtime50.ours * 1e3, kTurns));
    adaround(data, script, threads);
}

}

int main(int argc, char** argv) { return bench_main(argc, argv, measure); }
