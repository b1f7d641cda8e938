// What a checkpoint's keys and shapes, its metadata and the files beside it say of the network.
#include "core/base/error.h"
#include "core/base/file.h"
#include "plugins/vit_merge/engine/vit_config.h"
#include "plugins/vit_merge/engine/vit_layouts.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <tuple>

namespace lathe::vit_merge {
namespace {

/// Where several networks lie in one file, the first of these is meant; a prefix that stands here not comes after.
constexpr std::array<std::string_view, 12> kUsualPrefixes{
    "", "model.", "module.", "model.module.", "state_dict.", "state_dict.module.", "state_dict.model.", "visual.", "model.visual.", "ema.", "model_ema.", "params/"};

/// Objects of a description that speak of the image encoder; what stands first wins.
constexpr std::array<const char*, 5> kParts{"vision_config", "vision_cfg", "model_args", "model", "pretrained_cfg"};

struct FoundVit { VitLayout layout; std::string prefix; };

void take(Json& into, const Json& from) {
    if (!from.is_object()) return;
    for (const char* part : kParts)
        if (const auto it = from.find(part); it != from.end()) take(into, *it);
    for (const auto& [key, value] : from.items())
        if (!into.contains(key)) into[key] = value;
}

Json read_beside(const TensorIndex& file, const char* name) {
    const std::filesystem::path path = file.path().parent_path() / name;
    std::error_code ignored;
    if (file.path().empty() || !std::filesystem::is_regular_file(path, ignored)) return Json::object();
    return parse_json(read_file(path, 16u << 20), path.string());
}

/// All that is said of the network, in one flat object: the file's own metadata first, then the files beside it.
Json description(const TensorIndex& file) {
    Json all = Json::object();
    for (const char* key : {"lathe.config", "config"})
        if (const auto it = file.metadata().find(key); it != file.metadata().end()) take(all, parse_json(it->second, file.path().string() + ", metadata " + key));
    take(all, read_beside(file, "config.json"));
    take(all, read_beside(file, "preprocessor_config.json"));
    return all;
}

const Json* first_of(const Json& json, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
        if (const auto it = json.find(key); it != json.end() && !it->is_null()) return &*it;
    return nullptr;
}

std::optional<std::int64_t> whole_of(const Json& json, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
        if (const auto it = json.find(key); it != json.end() && it->is_number_integer()) return it->get<std::int64_t>();
    return std::nullopt;
}

std::optional<bool> flag_of(const Json& json, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
        if (const auto it = json.find(key); it != json.end() && it->is_boolean()) return it->get<bool>();
    return std::nullopt;
}

/// Height and width from 224, [h, w] or [channels, h, w].
std::optional<std::pair<std::int64_t, std::int64_t>> size_of(const Json& json) {
    if (json.contains("height") && json.contains("width") && json.at("height").is_number_integer() && json.at("width").is_number_integer())
        return std::pair{json.at("height").get<std::int64_t>(), json.at("width").get<std::int64_t>()};
    for (const char* key : {"img_size", "image_size", "input_resolution", "input_size"}) {
        const auto it = json.find(key);
        if (it == json.end()) continue;
        if (it->is_number_integer()) return std::pair{it->get<std::int64_t>(), it->get<std::int64_t>()};
        if (it->is_array() && it->size() >= 2 && std::all_of(it->begin(), it->end(), [](const Json& v) { return v.is_number_integer(); }))
            return std::pair{(*it)[it->size() - 2].get<std::int64_t>(), (*it)[it->size() - 1].get<std::int64_t>()};
    }
    return std::nullopt;
}

std::optional<std::vector<double>> channels_of(const Json& json, std::initializer_list<const char*> keys) {
    const Json* found = first_of(json, keys);
    if (!found || !found->is_array() || found->empty() || found->size() > 1024) return std::nullopt;
    std::vector<double> values;
    for (const Json& value : *found) {
        if (!value.is_number()) return std::nullopt;
        values.push_back(value.get<double>());
    }
    return values;
}

/// By the anchor tensor, the patch projection, and a first block in the same layout below the same prefix.
std::optional<FoundVit> find_vit(const TensorIndex& file) {
    std::optional<FoundVit> best;
    std::tuple<std::size_t, std::size_t> best_rank;
    const auto has = [&](const std::string& name) { return file.find(name) != nullptr; };
    for (const VitLayout layout : kVitLayouts)
        for (const std::string& anchor : names_of(layout, "patch_embed.proj.weight"))
            for (const TensorEntry& entry : file.entries()) {
                if (entry.shape.size() != 4 || !entry.name.ends_with(anchor)) continue;
                const std::string prefix = entry.name.substr(0, entry.name.size() - anchor.size());
                if (!prefix.empty() && prefix.back() != '.' && prefix.back() != '/') continue;
                if (find_name(layout, prefix, "blocks.0.mlp.fc1.weight", has).empty() || find_name(layout, prefix, "pos_embed", has).empty()) continue;
                const auto usual = std::find(kUsualPrefixes.begin(), kUsualPrefixes.end(), prefix);
                const std::tuple rank{static_cast<std::size_t>(usual - kUsualPrefixes.begin()), prefix.size()};
                if (best && rank >= best_rank) continue;
                best = FoundVit{layout, prefix};
                best_rank = rank;
            }
    return best;
}

/// Layers whose meaning is not known would be left out of the forward without a word, so they are a reason to refuse.
std::string unknown_layer(const TensorIndex& file, const FoundVit& found) {
    for (const TensorEntry& entry : file.entries()) {
        if (!entry.name.starts_with(found.prefix)) continue;
        const std::string name = entry.name.substr(found.prefix.size());
        const ReadName read = read_name(found.layout, name);
        if (read.block >= 0 && read.canonical.empty() && !name.ends_with("relative_position_index")) return entry.name;
        for (const char* part : {"pre_logits", "attn_pool.", "MAPHead", "rope"})
            if (name.find(part) != name.npos) return entry.name;
    }
    return {};
}

std::int64_t usual_heads(std::int64_t dim) {
    constexpr std::array<std::pair<int, int>, 4> published{{{1280, 16}, {1408, 16}, {1664, 16}, {1792, 16}}};
    for (const auto& [width, heads] : published)
        if (width == dim) return heads;
    return dim % 64 == 0 ? dim / 64 : 1;
}

void read_normalisation(VitConfig& c, const Json& said) {
    const auto mean = channels_of(said, {"mean", "image_mean"}), deviation = channels_of(said, {"std", "image_std", "deviation"});
    if (mean && deviation) c.normalisation = Normalisation{*mean, *deviation};
    else if (c.layout == VitLayout::openai_clip || c.layout == VitLayout::hf_clip) c.normalisation = Normalisation{{0.48145466, 0.4578275, 0.40821073}, {0.26862954, 0.26130258, 0.27577711}};
    else if (c.layout == VitLayout::augreg) c.normalisation = Normalisation{{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
    else if (c.dist_token) c.normalisation = Normalisation{{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
    if (c.normalisation && c.normalisation->mean.size() != std::size_t(c.channels) && c.normalisation->mean.size() != 1) c.normalisation.reset();
}

void read_class_names(VitConfig& c, const Json& said) {
    const Json* names = first_of(said, {"classes", "label_names", "id2label"});
    if (!names || c.classes == 0 || names->size() != std::size_t(c.classes)) return;
    for (std::int64_t i = 0; i < c.classes; ++i) {
        const Json* name = names->is_array() ? &(*names)[std::size_t(i)] : names->is_object() && names->contains(std::to_string(i)) ? &names->at(std::to_string(i)) : nullptr;
        if (!name) {
            c.classes_names.clear();
            return;
        }
        c.classes_names.push_back(name->is_string() ? name->get<std::string>() : name->dump());
    }
}

/// The grid of the position embedding: as the description says where that fits, else a square, else the squarest.
void read_grid(VitConfig& c, std::int64_t rows, const Json& said) {
    const auto size = size_of(said);
    const auto fits = [&](std::int64_t patches) { return size && size->first > 0 && size->second > 0 && (size->first / c.patch) * (size->second / c.patch) == patches; };
    const auto square = [](std::int64_t patches) { const auto side = std::int64_t(std::llround(std::sqrt(double(patches)))); return patches > 0 && side * side == patches; };
    const std::int64_t all = rows, without = rows - c.prefix_tokens();
    const auto none = flag_of(said, {"no_embed_class"}), with = flag_of(said, {"embed_prefix"});
    if (none) c.embed_prefix = !*none;
    else if (with) c.embed_prefix = *with;
    else if (c.prefix_tokens() > 0) c.embed_prefix = fits(without) || (!fits(all) && (square(without) || !square(all)));
    const std::int64_t patches = c.embed_prefix ? without : all;
    if (patches < 1) throw Error(ErrorCode::wrong_format, "The position embedding has fewer rows than tokens.", std::to_string(rows) + " rows");
    std::int64_t height = 1;
    if (fits(patches)) height = size->first / c.patch;
    else
        for (std::int64_t i = 1; i * i <= patches; ++i)
            if (patches % i == 0) height = i;
    c.height = height * c.patch;
    c.width = patches / height * c.patch;
}

VitConfig read_config(const TensorIndex& file, const FoundVit& found) {
    const Json said = description(file);
    const bool jax = found.layout == VitLayout::augreg, clip = found.layout == VitLayout::openai_clip || found.layout == VitLayout::hf_clip;
    const auto entry = [&](std::string_view canonical) -> const TensorEntry* {
        const std::string name = find_name(found.layout, found.prefix, canonical, [&](const std::string& n) { return file.find(n) != nullptr; });
        return name.empty() ? nullptr : file.find(name);
    };
    const auto shaped = [&](std::string_view canonical, std::size_t rank) -> const TensorEntry& {
        const TensorEntry* e = entry(canonical);
        if (!e) throw Error(ErrorCode::wrong_format, "It has no " + std::string(canonical) + ".", file.path().string());
        if (e->shape.size() != rank) throw Error(ErrorCode::wrong_format, "A tensor has not " + std::to_string(rank) + " dimensions.", e->name);
        return *e;
    };
    VitConfig c;
    c.layout = found.layout;
    c.prefix = found.prefix;
    const auto& patch = shaped("patch_embed.proj.weight", 4).shape;
    c.dim = jax ? patch[3] : patch[0];
    c.channels = jax ? patch[2] : patch[1];
    c.patch = jax ? patch[0] : patch[2];
    if (c.patch != (jax ? patch[1] : patch[3])) throw Error(ErrorCode::unsupported, "Its patches are not square.", std::to_string(patch[2]) + " x " + std::to_string(patch[3]));
    c.patch_bias = entry("patch_embed.proj.bias") != nullptr;
    const auto& fc1 = shaped("blocks.0.mlp.fc1.weight", 2).shape;
    c.mlp = jax ? fc1[1] : fc1[0];
    c.depth = 0;
    for (const TensorEntry& e : file.entries())
        if (e.name.starts_with(found.prefix)) c.depth = std::max<std::int64_t>(c.depth, read_name(found.layout, std::string_view(e.name).substr(found.prefix.size())).block + 1);

    c.class_token = entry("cls_token") != nullptr;
    c.dist_token = entry("dist_token") != nullptr;
    if (entry("reg_token")) c.registers = shaped("reg_token", 3).shape[1];
    c.norm_pre = entry("norm_pre.weight") != nullptr;
    c.fc_norm = entry("fc_norm.weight") != nullptr;
    c.layer_scale = entry("blocks.0.ls1.gamma") != nullptr;
    c.qk_norm = entry("blocks.0.attn.q_norm.weight") != nullptr;
    c.split_qkv = entry("blocks.0.attn.qkv.weight") == nullptr;
    c.qkv_bias = entry(c.split_qkv ? "blocks.0.attn.q.bias" : "blocks.0.attn.qkv.bias") != nullptr;
    if (entry("head.weight")) c.classes = shaped("head.weight", 2).shape[jax ? 1 : 0];
    if (entry("proj")) c.projection = shaped("proj", 2).shape[found.layout == VitLayout::hf_clip ? 0 : 1];

    const Json* pool = first_of(said, {"global_pool"});
    const auto average = flag_of(said, {"pool_average"});
    c.pool_average = average.value_or(c.fc_norm || c.prefix_tokens() == 0);
    if (!average && pool && pool->is_string()) {
        const auto kind = pool->get<std::string>();
        if (kind != "avg" && kind != "token" && !kind.empty()) throw Error(ErrorCode::unsupported, "Its pooling is not known here.", "global_pool: " + kind);
        if (!kind.empty()) c.pool_average = kind == "avg";
    }
    const auto heads = whole_of(said, {"num_heads", "num_attention_heads", "heads"}), head_size = whole_of(said, {"head_dim", "head_width"});
    if (jax && entry("blocks.0.attn.q.weight")) c.heads = shaped("blocks.0.attn.q.weight", 3).shape[1];
    else if (c.qk_norm) c.heads = c.dim / std::max<std::int64_t>(1, shaped("blocks.0.attn.q_norm.weight", 1).shape[0]);
    else if (heads) c.heads = *heads;
    else if (head_size && *head_size > 0) c.heads = c.dim / *head_size;
    else c.heads = usual_heads(c.dim);

    c.eps = clip ? 1e-5 : c.layout == VitLayout::hf_vit ? 1e-12 : 1e-6;
    if (const Json* eps = first_of(said, {"eps", "norm_eps", "layer_norm_eps", "ln_eps"}); eps && eps->is_number()) c.eps = eps->get<double>();
    c.quick_gelu = clip;
    if (const auto quick = flag_of(said, {"quick_gelu"})) c.quick_gelu = *quick;
    else if (const Json* act = first_of(said, {"hidden_act", "act_layer", "act"}); act && act->is_string()) {
        const auto name = act->get<std::string>();
        if (name.find("tanh") != name.npos || (name.find("gelu") == name.npos && name.find("GELU") == name.npos) || name == "gelu_new" || name == "gelu_fast")
            throw Error(ErrorCode::unsupported, "Its activation is not known here.", name);
        c.quick_gelu = name.find("quick") != name.npos;
    }
    const auto& position = *entry("pos_embed");
    if (position.shape.size() < 2 || position.shape.size() > 3) throw Error(ErrorCode::wrong_format, "Its position embedding has not 2 or 3 dimensions.", position.name);
    read_grid(c, position.shape[position.shape.size() - 2], said);
    read_normalisation(c, said);
    read_class_names(c, said);
    check(c);
    return c;
}

}

std::optional<VitConfig> recognise_vit(const TensorIndex& file, std::string* why) {
    const auto refuse = [why](std::string reason) {
        if (why) *why = std::move(reason);
        return std::nullopt;
    };
    const auto found = find_vit(file);
    if (!found) return refuse("it has no patch projection with position embedding and blocks of timm, torchvision, Hugging Face, CLIP or augreg.");
    if (const std::string layer = unknown_layer(file, *found); !layer.empty()) return refuse("it has a layer that is not known here: " + layer + ".");
    try {
        return read_config(file, *found);
    } catch (const Error& error) {
        return refuse(error.what());
    }
}

}
