#include "plugins/vit_merge/engine/vit_keys.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/vit_layouts.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <array>
#include <functional>

namespace lathe::vit_merge {
namespace {

constexpr std::array<std::string_view, 7> kGroupTexts{"embed", "norm", "attn", "mlp", "projection", "head", "other"};
constexpr std::array<const char*, 3> kThirds{"q", "k", "v"};

using FindTensor = std::function<at::Tensor(const std::string&)>;   // undefined where there is none

KeyGroup group_of(std::string_view canonical) {
    const auto starts = [&](std::string_view text) { return canonical.starts_with(text); };
    if (starts("head")) return KeyGroup::head;
    if (canonical == "proj") return KeyGroup::projection;
    if (starts("norm") || starts("fc_norm")) return KeyGroup::norm;
    if (!starts("blocks.")) return KeyGroup::embed;
    const auto inside = canonical.substr(canonical.find('.', 7) + 1);
    if (inside.starts_with("norm")) return KeyGroup::norm;
    return inside.starts_with("attn") || inside.starts_with("ls1") ? KeyGroup::attention : KeyGroup::mlp;
}

VitKey key_of(const ReadName& read) {
    if (read.canonical.empty()) return {};
    return {group_of(read.canonical), read.block, read.canonical};
}

/// What a text tower, an optimiser or a teacher brings along must not be taken for the image encoder's.
bool belongs_elsewhere(std::string_view prefix) {
    for (const char* part : {"text", "optimizer"})
        if (prefix.find(part) != prefix.npos) return true;
    return false;
}

bool is_norm(std::string_view canonical) { return group_of(canonical) == KeyGroup::norm || canonical.find("q_norm") != canonical.npos || canonical.find("k_norm") != canonical.npos; }

std::string shape_words(at::IntArrayRef shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
    return text + "]";
}

/// A tensor as a layout stores it, in the canonical shape; as it is where it does not fit, so that the caller can say so.
at::Tensor to_canonical(const at::Tensor& stored, std::string_view canonical, const std::vector<std::int64_t>& shape, VitLayout layout) {
    at::Tensor t = stored;
    if (layout == VitLayout::augreg && canonical.ends_with(".weight") && !is_norm(canonical)) {
        if (canonical == "patch_embed.proj.weight") t = t.dim() == 4 ? t.permute({3, 2, 0, 1}) : t;
        else if (canonical.find("attn.proj") != canonical.npos) t = t.dim() == 3 ? t.flatten(0, 1).t() : t;
        else t = t.dim() >= 2 ? t.flatten(1).t() : t;
    } else if (layout == VitLayout::augreg && canonical.find("attn.") != canonical.npos && t.dim() == 2) {
        t = t.flatten();                                   // biases [heads, size]
    } else if (layout == VitLayout::hf_clip && canonical == "proj") {
        t = t.dim() == 2 ? t.t() : t;
    } else if (canonical == "cls_token" || canonical == "pos_embed" || canonical == "dist_token" || canonical == "reg_token") {
        while (t.dim() < 3) t = t.unsqueeze(0);
    }
    return t.sizes() == at::IntArrayRef(shape) ? t : stored;
}

std::string third(std::string key, const char* part) { return key.replace(key.find("qkv"), 3, part); }

TensorMap read_canonical(const FindTensor& find, const VitConfig& config, const std::string& where, bool only_heads = false) {
    check(config);
    TensorMap all;
    std::vector<std::string> missing, wrong;
    const auto read = [&](const std::string& canonical, const std::vector<std::int64_t>& shape) -> at::Tensor {
        for (const std::string& name : names_of(config.layout, canonical)) {
            const at::Tensor stored = find(config.prefix + name);
            if (!stored.defined()) continue;
            const at::Tensor t = to_canonical(stored, canonical, shape, config.layout);
            if (t.sizes() == at::IntArrayRef(shape) && at::isFloatingType(t.scalar_type())) return t;
            wrong.push_back(config.prefix + name + " " + shape_words(stored.sizes()) + (at::isFloatingType(t.scalar_type()) ? "" : " of whole numbers") + " instead of " + shape_words(shape));
            return {};
        }
        const auto names = names_of(config.layout, canonical);
        missing.push_back(names.empty() ? canonical : config.prefix + names.front());
        return {};
    };
    for (const auto& [key, shape] : canonical_shapes(config)) {
        if (only_heads && !key.starts_with("head")) continue;
        if (key.find("attn.qkv.") == key.npos || !config.split_qkv) {
            all[key] = read(key, shape);
            continue;
        }
        std::vector<at::Tensor> parts;
        std::vector<std::int64_t> part_shape = shape;
        part_shape[0] /= 3;
        for (const char* part : kThirds) parts.push_back(read(third(key, part), part_shape));
        if (parts[0].defined() && parts[1].defined() && parts[2].defined()) all[key] = at::cat(parts);
    }
    if (missing.empty() && wrong.empty()) return all;
    std::string what;
    const auto add = [&what](const char* title, const std::vector<std::string>& names) {
        if (names.empty()) return;
        what += (what.empty() ? "" : "; ") + std::string(title) + ": ";
        for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i) what += (i ? ", " : "") + names[i];
        if (names.size() > 8) what += " and " + std::to_string(names.size() - 8) + " more";
    };
    add("missing", missing);
    add("wrong", wrong);
    throw Error(ErrorCode::wrong_format, "The checkpoint does not fit this Vision Transformer.", (where.empty() ? "" : where + ": ") + what,
        "Choose another checkpoint, or the size that it was trained with.");
}

/// Back into the shape that a layout stores.
at::Tensor from_canonical(const at::Tensor& t, const std::string& canonical, VitLayout layout) {
    if (layout == VitLayout::hf_clip && canonical == "proj") return t.t().contiguous();
    if ((layout == VitLayout::openai_clip || layout == VitLayout::hf_clip) && canonical == "cls_token") return t.flatten();
    if ((layout == VitLayout::openai_clip || layout == VitLayout::hf_clip) && canonical == "pos_embed") return t.squeeze(0);
    return t;
}

}

std::string_view to_text(KeyGroup group) { return kGroupTexts[static_cast<std::size_t>(group)]; }

VitKey parse_vit_key(std::string_view key) {
    // Every start of a part may be where the prefix ends; the longest rest that a layout knows is it.
    for (std::size_t start = 0;;) {
        const std::string_view name = key.substr(start);
        bool in_block = false;
        for (const VitLayout layout : kVitLayouts) {
            const ReadName read = read_name(layout, name);
            if (!read.canonical.empty()) return belongs_elsewhere(key.substr(0, start)) ? VitKey{} : key_of(read);
            in_block = in_block || read.block >= 0;
        }
        if (in_block) return {};
        const auto next = key.find_first_of("./", start);
        if (next == key.npos) return {};
        start = next + 1;
    }
}

VitKey parse_vit_key(std::string_view key, const VitConfig& config) {
    return key.starts_with(config.prefix) ? key_of(read_name(config.layout, key.substr(config.prefix.size()))) : VitKey{};
}

std::vector<std::pair<std::string, std::vector<std::int64_t>>> canonical_shapes(const VitConfig& c) {
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> all;
    const auto layer = [&](const std::string& key, std::vector<std::int64_t> shape, bool bias = true) {
        const std::int64_t out = shape.front();
        all.emplace_back(key + ".weight", std::move(shape));
        if (bias) all.emplace_back(key + ".bias", std::vector<std::int64_t>{out});
    };
    if (c.class_token) all.push_back({"cls_token", {1, 1, c.dim}});
    if (c.dist_token) all.push_back({"dist_token", {1, 1, c.dim}});
    if (c.registers) all.push_back({"reg_token", {1, c.registers, c.dim}});
    all.push_back({"pos_embed", {1, c.tokens() - (c.embed_prefix ? 0 : c.prefix_tokens()), c.dim}});
    layer("patch_embed.proj", {c.dim, c.channels, c.patch, c.patch}, c.patch_bias);
    if (c.norm_pre) layer("norm_pre", {c.dim});
    for (std::int64_t i = 0; i < c.depth; ++i) {
        const std::string block = "blocks." + std::to_string(i) + ".";
        layer(block + "norm1", {c.dim});
        layer(block + "attn.qkv", {3 * c.dim, c.dim}, c.qkv_bias);
        if (c.qk_norm) {
            layer(block + "attn.q_norm", {c.dim / c.heads});
            layer(block + "attn.k_norm", {c.dim / c.heads});
        }
        layer(block + "attn.proj", {c.dim, c.dim});
        if (c.layer_scale) all.push_back({block + "ls1.gamma", {c.dim}});
        layer(block + "norm2", {c.dim});
        layer(block + "mlp.fc1", {c.mlp, c.dim});
        layer(block + "mlp.fc2", {c.dim, c.mlp});
        if (c.layer_scale) all.push_back({block + "ls2.gamma", {c.dim}});
    }
    layer(c.fc_norm ? "fc_norm" : "norm", {c.dim});
    if (c.projection) all.push_back({"proj", {c.dim, c.projection}});
    const std::int64_t features = c.projection ? c.projection : c.dim;
    if (c.classes) layer("head", {c.classes, features});
    if (c.classes && c.dist_token) layer("head_dist", {c.classes, features});
    return all;
}

TensorMap canonical_tensors(const TensorIndex& file, const VitConfig& config) {
    return read_canonical([&](const std::string& name) { return file.find(name) ? file.get(name) : at::Tensor(); }, config, file.path().string());
}

TensorMap canonical_heads(const TensorIndex& file, const VitConfig& config) {
    return read_canonical([&](const std::string& name) { return file.find(name) ? file.get(name) : at::Tensor(); }, config, file.path().string(), true);
}

TensorMap canonical_tensors(const TensorMap& checkpoint, const VitConfig& config) {
    return read_canonical(
        [&](const std::string& name) {
            const auto found = checkpoint.find(name);
            return found == checkpoint.end() ? at::Tensor() : found->second;
        },
        config, {});
}

TensorMap checkpoint_tensors(const TensorMap& canonical, const VitConfig& config, VitLayout layout, std::string_view prefix) {
    const VitLayout written = layout == VitLayout::augreg ? VitLayout::timm : layout;
    TensorMap all;
    const auto put = [&](const std::string& key, const at::Tensor& tensor) {
        const auto names = names_of(written, key);
        if (names.empty())
            throw Error(ErrorCode::unsupported, "This layout has no place for a tensor of the network.", std::string(to_text(written)) + ", " + key, "Write it in the layout timm.");
        all[std::string(prefix) + names.front()] = from_canonical(tensor, key, written);
    };
    const bool split = written == VitLayout::hf_vit || written == VitLayout::hf_clip || (written == VitLayout::timm && config.split_qkv && config.layout == VitLayout::timm);
    for (const auto& [key, tensor] : canonical) {
        if (key.find("attn.qkv.") == key.npos || !split) {
            put(key, tensor);
            continue;
        }
        const auto parts = tensor.chunk(3);
        for (std::size_t i = 0; i < 3; ++i) put(third(key, kThirds[i]), parts[i].contiguous());
    }
    return all;
}

}
