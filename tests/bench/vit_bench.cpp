#include "tests/bench/vit_bench.h"
#include "plugins/vit_merge/engine/merged_model.h"
#include "plugins/vit_merge/engine/vit_family.h"
#include "tests/bench/tensor_bench.h"
#include <ATen/ATen.h>
#include <filesystem>

namespace lathe::bench {
namespace {

using namespace lathe::vit_merge;
namespace fs = std::filesystem;

constexpr int kTurns = 7;
constexpr std::int64_t kModels = 8, kPictures = 32, kOneHot = 26;

/// The gate's answer is part of what is given: what is measured is the merging and the forward.
class GivenGate : public Gate {
public:
    explicit GivenGate(at::Tensor logits) : m_logits(std::move(logits)) {}
    std::string kind() const override { return "given"; }
    std::int64_t models() const override { return m_logits.size(1); }
    at::Tensor features(const at::Tensor& images) override { return images; }
    at::Tensor forward(std::vector<at::Tensor>, TapStack*) override { return m_logits; }
private:
    at::Tensor m_logits;
};

/// Files that are gone at the end.
struct Folder {
    fs::path path = fs::temp_directory_path() / ("lathe-vit-bench-" + std::to_string(::getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

std::shared_ptr<const ModelSet> random_models(const Folder& folder) {
    VitConfig config = vit_size("S/16");
    config.classes = 10;
    std::vector<ModelSource> sources;
    for (std::int64_t i = 0; i < kModels; ++i) {
        Vit vit(config);
        vit.initialize(std::uint64_t(i));
        ModelSource& source = sources.emplace_back();
        source.name = "model " + std::to_string(i + 1);
        source.path = folder.path / (std::to_string(i) + ".safetensors");
        write_safetensors(source.path, vit.state(), {{"lathe.config", to_json(config).dump()}});
    }
    return open_model_set(sources, {}, {});
}

/// Four pictures of each task, of which the last of six tasks is shared with the next one, each by other shares: nothing is merged twice.
at::Tensor given_gates() {
    at::Tensor p = at::zeros({kPictures, kModels});
    for (std::int64_t i = 0; i < kPictures; ++i) {
        const std::int64_t task = i % kModels, shared = i - kOneHot;
        const double share = shared >= 0 ? 0.55 + 0.05 * double(shared) : 1;
        p[i][task] = share;
        if (shared >= 0) p[i][(task + 1) % kModels] = 1 - share;
    }
    return at::log(p + 1e-30);
}

}

void measure_vit_forward(const std::string& script, int threads) {
    const auto family = make_vit_family();
    const auto vit = family->make("B/16", 0);
    const at::Tensor one = at::randn({1, 3, 224, 224}), eight = at::randn({8, 3, 224, 224});
    const auto against = [&](const at::Tensor& images) {
        return in_turns(script, {"--size", "B/16", "--batch", std::to_string(images.size(0))}, threads, kTurns, [&] { vit->forward({images}, nullptr); });
    };
    const Turns single = against(one), batch = against(eight);
    print("merge.vit_vs_python", single.ratio(), "x", Bar::at_least, 1.2,
        text("ViT-B/16, batch 1, 197 tokens, %d threads: Python %.3f s, Lathe %.3f s; batch 8: %.3f s, %.3f s, %.2f x; medians of %d in turns", threads, single.python, single.ours, batch.python,
            batch.ours, batch.ratio(), kTurns));
}

void measure_per_sample(int threads) {
    const Folder folder;
    const auto set = random_models(folder);
    const auto gate = std::make_shared<GivenGate>(given_gates());
    const at::Tensor images = at::randn({kPictures, 3, 224, 224});
    MergeSettings settings;
    settings.m = 12;
    const auto silent = [](double, double, std::string_view) {};
    const auto made = [&](GatedPath path) { return make_merged(set, settings, gate, {}, silent, path); };
    const auto naive = made(GatedPath::naive), best = made(GatedPath::automatic), grouped = made(GatedPath::grouped), batched = made(GatedPath::batched);
    std::string path;
    const auto seconds = [&](MergedModel& model) {
        return median(timed(3, [&] {
            model.answer(images, {});
        }));
    };
    const Answer expected = naive->answer(images, {}), answer = best->answer(images, {});
    double worst = 0;
    for (std::size_t i = 0; i < expected.logits.size(); ++i) worst = std::max(worst, ((answer.logits[i] - expected.logits[i]).norm() / expected.logits[i].norm()).item<double>());
    if (!(worst < 1e-4)) throw Error(ErrorCode::internal, "The paths of a gated model disagree.", number_text(worst));
    // What was merged in one turn must not be found in the next: the best path is measured with new weights of the mixed pictures each time.
    std::vector<double> fresh;
    for (int i = 0; i < 3; ++i) {
        const auto cold = made(GatedPath::automatic);
        fresh.push_back(seconds_of([&] { cold->answer(images, {}); }));
    }
    const double slow = seconds(*naive), cold = median(fresh), warm = seconds(*best), by_groups = seconds(*grouped), by_batch = seconds(*batched);
    print("merge.per_sample_speedup", slow / cold, "x", Bar::at_least, 2,
        text("8 x ViT-S/16, all gated, 32 pictures: naive %.2f s, best (%s, nothing merged before) %.2f s; merged weights kept: %.2f s grouped, %.2f s chosen, %.2f s batched; %d threads", slow,
            answer.path.c_str(), cold, by_groups, warm, by_batch, threads));
}

}
