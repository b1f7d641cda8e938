// RegMean (Jin et al. 2023) and RegMean++ (Nguyen et al. 2025): every linear layer becomes the least-squares fit of what the models' layers give on their inputs.
#include "core/base/error.h"
#include "plugins/vit_merge/engine/data_merges.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kMostStates = std::int64_t{4} << 30;        // bytes of token states that RegMean++ keeps

/// Sums X^T X of what linear layers read; of one block or (-1) of all.
class GramTap : public Tap {
public:
    explicit GramTap(int block = -1) : m_block(block) {}
    bool wants(const LayerInfo& layer) override {
        if (layer.type != "Linear" || layer.block < 0 || (m_block >= 0 && layer.block != m_block)) return false;
        m_names[layer.id] = layer.name;
        return true;
    }
    Flow enter(int id, TensorRefs in, at::Tensor&) override {
        const at::Tensor x = in[0].flatten(0, -2);
        Sum& sum = m_sums[m_names.at(id)];
        const at::Tensor gram = at::mm(x.t(), x);
        sum.gram = sum.gram.defined() ? sum.gram.add_(gram) : gram;
        sum.rows += x.size(0);
        return Flow::run;
    }
    GramMap grams() const {
        GramMap out;
        for (const auto& [name, sum] : m_sums) out.emplace(name, sum.gram / static_cast<double>(sum.rows));
        return out;
    }
private:
    struct Sum { at::Tensor gram; std::int64_t rows = 0; };
    int m_block;
    std::map<int, std::string> m_names;
    std::map<std::string, Sum> m_sums;
};

/// Lets one block run, on token states that are given, and no other.
class OneBlockTap : public Tap {
public:
    OneBlockTap(int block, at::Tensor states) : m_block(block), m_states(std::move(states)) {}
    bool wants(const LayerInfo& layer) override {
        if (layer.point != "block") return false;
        if (layer.block == m_block) m_id = layer.id;
        return true;
    }
    Flow enter(int id, TensorRefs in, at::Tensor& out) override {
        if (id == m_id) {
            if (m_states.defined()) in[0] = m_states;
            return Flow::run;
        }
        out = in[0];
        return Flow::skip;
    }
    void leave(int id, TensorRefs in, at::Tensor& out) override {
        if (id != m_id) return;
        read = in[0];
        made = out;
    }
    at::Tensor read, made;                                 ///< what the block was given and what it gave
private:
    int m_block, m_id = -1;
    at::Tensor m_states;
};

/// The linear layer that a weight belongs to; q, k and v of their own read what qkv reads.
std::string linear_of(const VitKey& role) {
    std::string name = role.canonical;
    if (!name.ends_with(".weight") || role.block < 0) return {};
    name.resize(name.size() - std::string_view(".weight").size());
    for (const char* part : {".attn.q", ".attn.k", ".attn.v"})
        if (name.ends_with(part)) return name.substr(0, name.size() - 1) + "qkv";
    return name;
}

/// (sum of scaled Grams)^-1 times sum of Gram times W^T, in double; a small ridge where it is singular.
at::Tensor fitted(at::Tensor gram, const at::Tensor& target) {
    at::Tensor factor, info;
    std::tie(factor, info) = at::linalg_cholesky_ex(gram);
    for (double ridge = 1e-10; info.item<int>() != 0; ridge *= 100) {
        if (ridge > 1) throw Error(ErrorCode::internal, "The inputs of a layer could not be inverted.", std::to_string(gram.size(0)) + " inputs", "Take more pictures, or a smaller scale off the diagonal.");
        gram = gram + at::eye(gram.size(0), gram.options()) * std::max(gram.diagonal().mean().item<double>() * ridge, 1e-30);
        std::tie(factor, info) = at::linalg_cholesky_ex(gram);
    }
    return at::cholesky_solve(target, factor);
}

/// Sums over models for the layers of one or all blocks, and what comes of them.
class RegMeanSums {
public:
    RegMeanSums(const ModelSet& set, double scale) : m_set(set), m_scale(scale) {}
    void add(int model, const GramMap& grams) {
        std::map<std::string, at::Tensor> scaled;
        for (const auto& [name, gram] : grams) {
            const at::Tensor one = gram.to(at::kDouble), own = one * m_scale;
            own.diagonal().copy_(one.diagonal());
            at::Tensor& sum = m_grams[name];
            sum = sum.defined() ? sum.add_(own) : own.clone();
            scaled.emplace(name, own);
        }
        for (const SharedKey& key : m_set.keys)
            if (const auto found = scaled.find(linear_of(key.role)); found != scaled.end() && key.shape.size() == 2) {
                const at::Tensor product = at::mm(found->second, m_set.tensor(model, key).to(at::kDouble).t());
                at::Tensor& target = m_targets[key.key];
                target = target.defined() ? target.add_(product) : product;
            }
    }
    /// The merged weights of the layers that were added.
    void put(TensorMap& trunk) const {
        for (const SharedKey& key : m_set.keys)
            if (const auto target = m_targets.find(key.key); target != m_targets.end()) trunk[key.key] = fitted(m_grams.at(linear_of(key.role)), target->second).t().to(at::kFloat).contiguous();
    }
private:
    const ModelSet& m_set;
    double m_scale;
    std::map<std::string, at::Tensor> m_grams, m_targets;
};

TensorMap averaged_trunk(const ModelSet& set) { return merge_linear(set, 0, std::vector<double>(set.models.size(), 1 / static_cast<double>(set.models.size())), {}); }

at::Tensor run_block(FunctionalVit& vit, const at::Tensor& images, const std::shared_ptr<OneBlockTap>& block, const std::shared_ptr<Tap>& other) {
    TapStack taps;
    taps.add(block);
    if (other) taps.add(other);
    taps.attach(vit.vit().layers());
    vit.features(images, &taps);
    return block->made;
}

}

GramMap input_grams(const ModelSet& set, int model, const MergeSettings& settings, const TaskPictures& pictures, const Told& told) {
    const c10::NoGradGuard no_gradients;
    FunctionalVit vit(set);
    vit.use(trunk_floats(set, model, false));
    const auto tap = std::make_shared<GramTap>();
    TapStack taps;
    taps.add(tap);
    taps.attach(vit.vit().layers());
    double done = 0;
    for_each_batch(set, pictures, model, settings.examples, settings.batch, true, [&](const at::Tensor& images, const at::Tensor&) {
        vit.features(images, &taps);
        done += static_cast<double>(images.size(0));
        if (told) told((model + done / static_cast<double>(settings.examples)) / static_cast<double>(set.models.size()), 1, "Inputs of " + set.models[static_cast<std::size_t>(model)].name);
    });
    return tap->grams();
}

TensorMap merge_regmean(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told, const std::function<void(int, const GramMap&)>& seen) {
    RegMeanSums sums(set, settings.regmean_scale);
    for (int model = 0; model < static_cast<int>(set.models.size()); ++model) {
        const GramMap grams = input_grams(set, model, settings, pictures, told);
        if (seen) seen(model, grams);
        sums.add(model, grams);
    }
    TensorMap trunk = averaged_trunk(set);
    sums.put(trunk);
    return trunk;
}

TensorMap merge_regmean_pp(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, const Told& told) {
    const c10::NoGradGuard no_gradients;
    const VitConfig& config = set.reference();
    const auto models = static_cast<int>(set.models.size());
    if (const std::int64_t states = models * settings.examples * config.tokens() * config.dim * 4; states > kMostStates)
        throw Error(ErrorCode::invalid_value, "RegMean++ would keep too much of the pictures in memory.", std::to_string(states >> 20) + " MB for " + std::to_string(settings.examples) + " pictures of each task", "Take fewer pictures.");
    FunctionalVit vit(set);
    TensorMap trunk = averaged_trunk(set);
    std::vector<std::vector<at::Tensor>> states(set.models.size());      // of each model's batches: what the next block reads, made by merged blocks
    vit.use(trunk);
    for (int model = 0; model < models; ++model)
        for_each_batch(set, pictures, model, settings.examples, settings.batch, true, [&](const at::Tensor& images, const at::Tensor&) {
            const auto first = std::make_shared<OneBlockTap>(0, at::Tensor());
            run_block(vit, images, first, nullptr);
            states[static_cast<std::size_t>(model)].push_back(first->read);
        });
    const at::Tensor blank = at::zeros({1, config.channels, config.height, config.width});   // what comes before the block is not used
    for (int block = 0; block < config.depth; ++block) {
        if (told) told(block, static_cast<double>(config.depth), "RegMean++, block " + std::to_string(block));
        RegMeanSums sums(set, settings.regmean_scale);
        for (int model = 0; model < models; ++model) {
            vit.use(trunk_floats(set, model, false));
            const auto grams = std::make_shared<GramTap>(block);
            for (const at::Tensor& state : states[static_cast<std::size_t>(model)]) run_block(vit, blank, std::make_shared<OneBlockTap>(block, state), grams);
            sums.add(model, grams->grams());
        }
        sums.put(trunk);
        vit.use(trunk);
        for (auto& of_model : states)
            for (at::Tensor& state : of_model) state = run_block(vit, blank, std::make_shared<OneBlockTap>(block, state), nullptr);
    }
    return trunk;
}

}
