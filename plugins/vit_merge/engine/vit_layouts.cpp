#include "plugins/vit_merge/engine/vit_layouts.h"
#include <array>
#include <charconv>
#include <map>

namespace lathe::vit_merge {
namespace {

using Names = std::vector<LayoutName>;

/// Weight and bias of one layer.
void pair_of(Names& all, const std::string& canonical, const std::string& name, const std::string& weight = ".weight", const std::string& bias = ".bias") {
    all.push_back({canonical + ".weight", name + weight});
    all.push_back({canonical + ".bias", name + bias});
}

Names timm_names() {
    Names all{{"cls_token", "cls_token"}, {"dist_token", "dist_token"}, {"reg_token", "reg_token"}, {"pos_embed", "pos_embed"}, {"proj", "proj"}};
    for (const char* layer : {"patch_embed.proj", "norm_pre", "norm", "fc_norm", "head", "head_dist", "blocks.#.norm1", "blocks.#.attn.qkv", "blocks.#.attn.q_norm", "blocks.#.attn.k_norm",
             "blocks.#.attn.proj", "blocks.#.norm2", "blocks.#.mlp.fc1", "blocks.#.mlp.fc2"})
        pair_of(all, layer, layer);
    for (const char* scale : {"blocks.#.ls1.gamma", "blocks.#.ls2.gamma"}) all.push_back({scale, scale});
    for (const char* part : {"q", "k", "v"})
        for (const char* form : {"", "_proj"}) pair_of(all, std::string("blocks.#.attn.") + part, std::string("blocks.#.attn.") + part + form);
    return all;
}

Names torchvision_names() {
    Names all{{"cls_token", "class_token"}, {"pos_embed", "encoder.pos_embedding"}};
    const std::string block = "encoder.layers.encoder_layer_#.";
    pair_of(all, "patch_embed.proj", "conv_proj");
    pair_of(all, "norm", "encoder.ln");
    pair_of(all, "head", "heads.head");
    pair_of(all, "blocks.#.norm1", block + "ln_1");
    pair_of(all, "blocks.#.attn.qkv", block + "self_attention.in_proj", "_weight", "_bias");
    pair_of(all, "blocks.#.attn.proj", block + "self_attention.out_proj");
    pair_of(all, "blocks.#.norm2", block + "ln_2");
    pair_of(all, "blocks.#.mlp.fc1", block + "mlp.0");
    pair_of(all, "blocks.#.mlp.fc2", block + "mlp.3");
    pair_of(all, "blocks.#.mlp.fc1", block + "mlp.linear_1");
    pair_of(all, "blocks.#.mlp.fc2", block + "mlp.linear_2");
    return all;
}

Names hf_vit_names() {
    Names all;
    for (const std::string root : {"vit.", "deit.", ""}) {   // of a whole classifier, of a DeiT, of a trunk saved alone
        all.push_back({"cls_token", root + "embeddings.cls_token"});
        all.push_back({"dist_token", root + "embeddings.distillation_token"});
        all.push_back({"pos_embed", root + "embeddings.position_embeddings"});
        pair_of(all, "patch_embed.proj", root + "embeddings.patch_embeddings.projection");
        pair_of(all, "norm", root + "layernorm");
        const std::string block = root + "encoder.layer.#.";
        pair_of(all, "blocks.#.norm1", block + "layernorm_before");
        pair_of(all, "blocks.#.attn.q", block + "attention.attention.query");
        pair_of(all, "blocks.#.attn.k", block + "attention.attention.key");
        pair_of(all, "blocks.#.attn.v", block + "attention.attention.value");
        pair_of(all, "blocks.#.attn.proj", block + "attention.output.dense");
        pair_of(all, "blocks.#.norm2", block + "layernorm_after");
        pair_of(all, "blocks.#.mlp.fc1", block + "intermediate.dense");
        pair_of(all, "blocks.#.mlp.fc2", block + "output.dense");
    }
    pair_of(all, "head", "classifier");
    pair_of(all, "head", "cls_classifier");
    pair_of(all, "head_dist", "distillation_classifier");
    return all;
}

Names openai_clip_names() {
    Names all{{"cls_token", "class_embedding"}, {"pos_embed", "positional_embedding"}, {"patch_embed.proj.weight", "conv1.weight"}, {"proj", "proj"}};
    const std::string block = "transformer.resblocks.#.";
    pair_of(all, "norm_pre", "ln_pre");
    pair_of(all, "norm", "ln_post");
    pair_of(all, "head", "head");
    pair_of(all, "blocks.#.norm1", block + "ln_1");
    pair_of(all, "blocks.#.attn.qkv", block + "attn.in_proj", "_weight", "_bias");
    pair_of(all, "blocks.#.attn.proj", block + "attn.out_proj");
    pair_of(all, "blocks.#.norm2", block + "ln_2");
    pair_of(all, "blocks.#.mlp.fc1", block + "mlp.c_fc");
    pair_of(all, "blocks.#.mlp.fc2", block + "mlp.c_proj");
    return all;
}

Names hf_clip_names() {
    Names all;
    for (const std::string root : {"vision_model.", ""}) {
        all.push_back({"cls_token", root + "embeddings.class_embedding"});
        all.push_back({"pos_embed", root + "embeddings.position_embedding.weight"});
        all.push_back({"patch_embed.proj.weight", root + "embeddings.patch_embedding.weight"});
        pair_of(all, "norm_pre", root + "pre_layrnorm");   // sic
        pair_of(all, "norm_pre", root + "pre_layernorm");
        pair_of(all, "norm", root + "post_layernorm");
        const std::string block = root + "encoder.layers.#.";
        pair_of(all, "blocks.#.norm1", block + "layer_norm1");
        pair_of(all, "blocks.#.attn.q", block + "self_attn.q_proj");
        pair_of(all, "blocks.#.attn.k", block + "self_attn.k_proj");
        pair_of(all, "blocks.#.attn.v", block + "self_attn.v_proj");
        pair_of(all, "blocks.#.attn.proj", block + "self_attn.out_proj");
        pair_of(all, "blocks.#.norm2", block + "layer_norm2");
        pair_of(all, "blocks.#.mlp.fc1", block + "mlp.fc1");
        pair_of(all, "blocks.#.mlp.fc2", block + "mlp.fc2");
    }
    all.push_back({"proj", "visual_projection.weight"});
    pair_of(all, "head", "head");
    return all;
}

Names augreg_names() {
    Names all{{"cls_token", "cls"}, {"pos_embed", "Transformer/posembed_input/pos_embedding"}, {"pos_embed", "pos_embedding"}};
    const auto dense = [&](const std::string& canonical, const std::string& name) { pair_of(all, canonical, name, "/kernel", "/bias"); };
    const auto norm = [&](const std::string& canonical, const std::string& name) { pair_of(all, canonical, name, "/scale", "/bias"); };
    dense("patch_embed.proj", "embedding");
    norm("norm", "Transformer/encoder_norm");
    dense("head", "head");
    const std::string block = "Transformer/encoderblock_#/";
    // the numbers count layers of any kind in vision_transformer, layers of one kind in big_vision
    for (const auto& [attention, second, mlp] : std::array<std::array<std::string, 3>, 2>{{{"1", "2", "3"}, {"0", "1", "0"}}}) {
        const std::string heads = block + "MultiHeadDotProductAttention_" + attention + "/";
        norm("blocks.#.norm1", block + "LayerNorm_0");
        dense("blocks.#.attn.q", heads + "query");
        dense("blocks.#.attn.k", heads + "key");
        dense("blocks.#.attn.v", heads + "value");
        dense("blocks.#.attn.proj", heads + "out");
        norm("blocks.#.norm2", block + "LayerNorm_" + second);
        dense("blocks.#.mlp.fc1", block + "MlpBlock_" + mlp + "/Dense_0");
        dense("blocks.#.mlp.fc2", block + "MlpBlock_" + mlp + "/Dense_1");
    }
    return all;
}

struct LayoutIndex {
    Names names;
    std::map<std::string, std::vector<std::string>, std::less<>> by_canonical;
    std::map<std::string, std::string, std::less<>> by_name;
    std::vector<std::string> before_number;                ///< "encoder.layer.": what stands in front of a block's number
};

const LayoutIndex& index_of(VitLayout layout) {
    static const std::array<LayoutIndex, std::size(kVitLayouts)> all = [] {
        std::array<LayoutIndex, std::size(kVitLayouts)> made;
        const std::array<Names, std::size(kVitLayouts)> names{timm_names(), torchvision_names(), hf_vit_names(), openai_clip_names(), hf_clip_names(), augreg_names()};
        for (std::size_t i = 0; i < made.size(); ++i) {
            made[i].names = names[i];
            for (const auto& [canonical, name] : names[i]) {
                auto& known = made[i].by_canonical[canonical];
                if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
                made[i].by_name.emplace(name, canonical);
                if (const auto hash = name.find('#'); hash != name.npos) {
                    const std::string before = name.substr(0, hash);
                    auto& starts = made[i].before_number;
                    if (std::find(starts.begin(), starts.end(), before) == starts.end()) starts.push_back(before);
                }
            }
        }
        return made;
    }();
    return all[static_cast<std::size_t>(layout)];
}

/// A block's number at the start of the text, and how many digits it has; 0 digits: none.
std::pair<int, std::size_t> leading_number(std::string_view text) {
    int value = 0;
    const auto end = std::from_chars(text.data(), text.data() + std::min<std::size_t>(text.size(), 5), value);
    const auto digits = static_cast<std::size_t>(end.ptr - text.data());
    return end.ec == std::errc() && value >= 0 && text[0] != '-' ? std::pair{value, digits} : std::pair{-1, std::size_t{0}};
}

}

const std::vector<LayoutName>& layout_names(VitLayout layout) { return index_of(layout).names; }

std::pair<int, std::string> with_hash(std::string_view canonical) {
    constexpr std::string_view start = "blocks.";
    if (!canonical.starts_with(start)) return {-1, std::string(canonical)};
    const auto [block, digits] = leading_number(canonical.substr(start.size()));
    if (!digits) return {-1, std::string(canonical)};
    return {block, "blocks.#" + std::string(canonical.substr(start.size() + digits))};
}

std::vector<std::string> names_of(VitLayout layout, std::string_view canonical) {
    const auto [block, pattern] = with_hash(canonical);
    const auto& by_canonical = index_of(layout).by_canonical;
    const auto found = by_canonical.find(pattern);
    if (found == by_canonical.end()) return {};
    std::vector<std::string> names = found->second;
    for (std::string& name : names)
        if (const auto hash = name.find('#'); hash != name.npos) name.replace(hash, 1, std::to_string(block));
    return names;
}

std::string find_name(VitLayout layout, const std::string& prefix, std::string_view canonical, const std::function<bool(const std::string&)>& has) {
    for (const std::string& name : names_of(layout, canonical))
        if (has(prefix + name)) return prefix + name;
    return {};
}

ReadName read_name(VitLayout layout, std::string_view name) {
    const LayoutIndex& index = index_of(layout);
    for (const std::string& before : index.before_number) {
        if (!name.starts_with(before)) continue;
        const auto [block, digits] = leading_number(name.substr(before.size()));
        if (!digits) continue;
        const std::string pattern = before + "#" + std::string(name.substr(before.size() + digits));
        const auto found = index.by_name.find(pattern);
        if (found == index.by_name.end()) return {"", block};
        std::string canonical = found->second;
        canonical.replace(canonical.find('#'), 1, std::to_string(block));
        return {canonical, block};
    }
    const auto found = index.by_name.find(name);
    return found == index.by_name.end() ? ReadName{} : ReadName{found->second, -1};
}

}
