#pragma once
// Small Vision Transformers in files, related as fine-tuned models are: one base, and models that differ from it a little.
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/model_set.h"
#include "plugins/vit_merge/engine/vit.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <filesystem>

namespace lathe::vit_merge {

inline VitConfig tiny_vit(std::int64_t classes) {
    VitConfig config;
    config.channels = 3;
    config.height = config.width = 8;
    config.patch = 4;
    config.dim = 16;
    config.depth = 3;
    config.heads = 2;
    config.mlp = 32;
    config.classes = classes;
    config.normalisation = Normalisation{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
    return config;
}

/// Canonical tensors of a base (seed 0) and, for other seeds, of models fine-tuned from it.
inline TensorMap made_vit(const VitConfig& config, std::uint64_t seed, double step = 0.02) {
    Vit vit(config);
    vit.initialize(77);
    TensorMap out;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed + 1);
    for (auto& [key, tensor] : vit.state()) {
        at::Tensor one = tensor.detach().clone();
        if (seed > 0) one += step * at::randn(one.sizes(), generator, at::TensorOptions(at::kFloat));
        out.emplace(key, one);
    }
    return out;
}

inline std::filesystem::path write_vit(const std::filesystem::path& file, const TensorMap& canonical, const VitConfig& config, VitLayout layout = VitLayout::timm, at::ScalarType type = at::kFloat) {
    TensorMap tensors = checkpoint_tensors(canonical, config, layout, "");
    for (auto& [key, tensor] : tensors) tensor = tensor.to(type).contiguous();
    Json description = to_json(config);
    description["layout"] = to_text(layout);
    description["prefix"] = "";
    write_safetensors(file, tensors, {{"lathe.config", description.dump()}});
    return file;
}

/// "a", "b", … with 4, 5, 6 … classes (or all with `equal_classes`), and base.safetensors.
inline std::vector<ModelSource> write_vits(const std::filesystem::path& folder, int models, std::int64_t equal_classes = 0, VitLayout layout = VitLayout::timm, at::ScalarType type = at::kFloat) {
    write_vit(folder / "base.safetensors", made_vit(tiny_vit(0), 0), tiny_vit(0), layout, type);
    std::vector<ModelSource> out;
    for (int i = 0; i < models; ++i) {
        const VitConfig config = tiny_vit(equal_classes > 0 ? equal_classes : 4 + i);
        ModelSource source;
        source.name = std::string(1, static_cast<char>('a' + i));
        source.path = write_vit(folder / (source.name + ".safetensors"), made_vit(config, static_cast<std::uint64_t>(i) + 1), config, layout, type);
        out.push_back(std::move(source));
    }
    return out;
}

}
