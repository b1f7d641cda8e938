#include "plugins/vit_merge/engine/vit_config.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <array>

namespace lathe::vit_merge {
namespace {

constexpr std::array<std::string_view, 6> kLayoutTexts{"timm", "torchvision", "hf_vit", "openai_clip", "hf_clip", "augreg"};

void need_size(bool ok, const std::string& what, const std::string& where) {
    if (!ok) throw Error(ErrorCode::invalid_value, what, where, "Correct the size of the Vision Transformer.");
}

[[noreturn]] void wrong_field(const char* field, const char* kind, const Json& value) {
    throw Error(ErrorCode::wrong_format, "A field of a Vision Transformer's description is not " + std::string(kind) + ".", std::string(field) + ": " + brief(value), "Correct the description.");
}

std::vector<double> channel_values(const Json& json, const char* field) {
    if (!json.is_array() || json.size() > 1024) wrong_field(field, "a list of numbers", json);
    std::vector<double> values;
    for (const Json& value : json) {
        if (!value.is_number()) wrong_field(field, "a list of numbers", json);
        values.push_back(value.get<double>());
    }
    return values;
}

}

std::string_view to_text(VitLayout layout) { return kLayoutTexts[static_cast<std::size_t>(layout)]; }

VitLayout vit_layout_from(std::string_view text) {
    for (std::size_t i = 0; i < kLayoutTexts.size(); ++i)
        if (kLayoutTexts[i] == text) return static_cast<VitLayout>(i);
    throw Error(ErrorCode::unknown_name, "There is no such layout of Vision Transformers.", std::string(text), "Known are timm, torchvision, hf_vit, openai_clip, hf_clip and augreg.");
}

void check(const VitConfig& c) {
    const auto in = [](std::int64_t value, std::int64_t low, std::int64_t high) { return value >= low && value <= high; };
    const auto both = [](std::int64_t a, std::int64_t b) { return std::to_string(a) + " and " + std::to_string(b); };
    need_size(in(c.channels, 1, 1024), "channels must be 1 to 1024.", std::to_string(c.channels));
    need_size(in(c.patch, 1, 1024) && in(c.height, 1, 16384) && in(c.width, 1, 16384) && c.height % c.patch == 0 && c.width % c.patch == 0, "Height and width must be multiples of the patch.",
        both(c.height, c.width) + ", patch " + std::to_string(c.patch));
    need_size(c.tokens() <= 1'000'000, "There are more than a million tokens.", std::to_string(c.tokens()));
    need_size(in(c.dim, 1, 65536) && in(c.heads, 1, c.dim) && c.dim % c.heads == 0, "The width must be a multiple of the number of heads.", both(c.dim, c.heads));
    need_size(in(c.depth, 1, 1024), "The depth must be 1 to 1024 blocks.", std::to_string(c.depth));
    need_size(in(c.mlp, 1, 1 << 20), "The width of the MLP must be 1 to 1048576.", std::to_string(c.mlp));
    need_size(in(c.classes, 0, 1'000'000), "There must be 0 to 1000000 classes.", std::to_string(c.classes));
    need_size(in(c.projection, 0, 65536), "The projection must be 0 to 65536 wide.", std::to_string(c.projection));
    need_size(in(c.registers, 0, 1024), "There must be 0 to 1024 register tokens.", std::to_string(c.registers));
    need_size(c.eps > 0 && c.eps < 1, "eps of the norms must be between 0 and 1.", number_text(c.eps));
    need_size(c.pool_average || c.prefix_tokens() > 0, "Without a class token the patch tokens must be averaged.", "pool_average is false");
    need_size(!c.dist_token || c.class_token, "A distillation token needs a class token.", "class_token is false");
}

Json to_json(const VitConfig& c) {
    Json json = Json::object();
    json["layout"] = to_text(c.layout);
    json["prefix"] = c.prefix;
    json["channels"] = c.channels;
    json["height"] = c.height;
    json["width"] = c.width;
    json["patch"] = c.patch;
    json["dim"] = c.dim;
    json["depth"] = c.depth;
    json["heads"] = c.heads;
    json["mlp"] = c.mlp;
    json["num_classes"] = c.classes;
    json["projection"] = c.projection;
    json["eps"] = c.eps;
    json["quick_gelu"] = c.quick_gelu;
    json["class_token"] = c.class_token;
    json["dist_token"] = c.dist_token;
    json["registers"] = c.registers;
    json["pool_average"] = c.pool_average;
    json["fc_norm"] = c.fc_norm;
    json["embed_prefix"] = c.embed_prefix;
    json["patch_bias"] = c.patch_bias;
    json["qkv_bias"] = c.qkv_bias;
    json["norm_pre"] = c.norm_pre;
    json["layer_scale"] = c.layer_scale;
    json["qk_norm"] = c.qk_norm;
    json["split_qkv"] = c.split_qkv;
    if (c.normalisation) {
        json["mean"] = c.normalisation->mean;
        json["std"] = c.normalisation->deviation;
    }
    if (!c.classes_names.empty()) json["classes"] = c.classes_names;
    return json;
}

VitConfig vit_config_from(const Json& json) {
    if (!json.is_object()) throw Error(ErrorCode::wrong_format, "The description of a Vision Transformer must be an object.", brief(json));
    VitConfig c;
    const auto whole = [&](const char* field, std::int64_t& value) {
        const auto it = json.find(field);
        if (it == json.end()) return;
        if (!it->is_number_integer()) wrong_field(field, "a whole number", *it);
        if (it->is_number_unsigned() && it->get<std::uint64_t>() > (1ull << 62)) wrong_field(field, "a number that can be", *it);
        value = it->get<std::int64_t>();
    };
    const auto flag = [&](const char* field, bool& value) {
        const auto it = json.find(field);
        if (it == json.end()) return;
        if (!it->is_boolean()) wrong_field(field, "true or false", *it);
        value = it->get<bool>();
    };
    if (json.contains("layout")) c.layout = vit_layout_from(string_member(json, "layout", "description of a Vision Transformer"));
    c.prefix = string_or_empty(json, "prefix", "description of a Vision Transformer");
    for (const auto& [field, value] : {std::pair{"channels", &c.channels}, {"height", &c.height}, {"width", &c.width}, {"patch", &c.patch}, {"dim", &c.dim}, {"depth", &c.depth}, {"heads", &c.heads},
             {"mlp", &c.mlp}, {"num_classes", &c.classes}, {"projection", &c.projection}, {"registers", &c.registers}})
        whole(field, *value);
    if (const auto it = json.find("eps"); it != json.end()) {
        if (!it->is_number()) wrong_field("eps", "a number", *it);
        c.eps = it->get<double>();
    }
    flag("pool_average", c.pool_average);
    c.fc_norm = c.pool_average;
    for (const auto& [field, value] :
        {std::pair{"quick_gelu", &c.quick_gelu}, {"class_token", &c.class_token}, {"dist_token", &c.dist_token}, {"fc_norm", &c.fc_norm}, {"embed_prefix", &c.embed_prefix},
            {"patch_bias", &c.patch_bias}, {"qkv_bias", &c.qkv_bias}, {"norm_pre", &c.norm_pre}, {"layer_scale", &c.layer_scale}, {"qk_norm", &c.qk_norm}, {"split_qkv", &c.split_qkv}})
        flag(field, *value);
    if (json.contains("mean") && json.contains("std")) c.normalisation = Normalisation{channel_values(json.at("mean"), "mean"), channel_values(json.at("std"), "std")};
    if (const auto it = json.find("classes"); it != json.end()) {
        if (!it->is_array()) wrong_field("classes", "a list of names", *it);
        for (const Json& name : *it) {
            if (!name.is_string()) wrong_field("classes", "a list of names", *it);
            c.classes_names.push_back(name.get<std::string>());
        }
    }
    check(c);
    return c;
}

VitConfig vit_size(std::string_view name) {
    struct Size { std::string_view name; int dim, depth, heads, mlp; };
    constexpr std::array<Size, 5> sizes{{{"Ti", 192, 12, 3, 768}, {"S", 384, 12, 6, 1536}, {"B", 768, 12, 12, 3072}, {"L", 1024, 24, 16, 4096}, {"H", 1280, 32, 16, 5120}}};
    const auto slash = name.find('/');
    for (const Size& size : sizes) {
        if (slash == name.npos || name.substr(0, slash) != size.name) continue;
        const auto patch = parse_number(name.substr(slash + 1));
        if (!patch || *patch < 1 || *patch > 224 || 224 % int(*patch) || *patch != int(*patch)) break;
        VitConfig c;
        c.dim = size.dim;
        c.depth = size.depth;
        c.heads = size.heads;
        c.mlp = size.mlp;
        c.patch = int(*patch);
        c.classes = 1000;
        return c;
    }
    throw Error(ErrorCode::unknown_name, "There is no Vision Transformer of this size.", std::string(name), "Sizes are Ti, S, B, L and H with a patch that divides 224, for example S/16.");
}

std::vector<std::string> differences(const VitConfig& a, const VitConfig& b) {
    std::vector<std::string> all;
    const auto number = [&](const char* what, std::int64_t here, std::int64_t there) {
        if (here != there) all.push_back(std::string(what) + " " + std::to_string(here) + " here, " + std::to_string(there) + " there");
    };
    const auto flag = [&](const char* what, bool here, bool there) {
        if (here != there) all.push_back(std::string(what) + (here ? " here, not there" : " there, not here"));
    };
    number("width", a.dim, b.dim);
    number("depth", a.depth, b.depth);
    number("heads", a.heads, b.heads);
    number("width of the MLP", a.mlp, b.mlp);
    number("patch", a.patch, b.patch);
    number("channels", a.channels, b.channels);
    if (a.height != b.height || a.width != b.width)
        all.push_back("pictures of " + std::to_string(a.height) + " x " + std::to_string(a.width) + " here, " + std::to_string(b.height) + " x " + std::to_string(b.width) + " there");
    flag("class token", a.class_token, b.class_token);
    flag("distillation token", a.dist_token, b.dist_token);
    number("register tokens", a.registers, b.registers);
    flag("position embedding of the class token", a.embed_prefix, b.embed_prefix);
    flag("averaged patch tokens", a.pool_average, b.pool_average);
    flag("norm after pooling", a.fc_norm, b.fc_norm);
    flag("norm before the blocks", a.norm_pre, b.norm_pre);
    flag("LayerScale", a.layer_scale, b.layer_scale);
    flag("norms of queries and keys", a.qk_norm, b.qk_norm);
    flag("bias of the patch projection", a.patch_bias, b.patch_bias);
    flag("bias of queries, keys and values", a.qkv_bias, b.qkv_bias);
    flag("QuickGELU", a.quick_gelu, b.quick_gelu);
    number("projection", a.projection, b.projection);
    if (a.eps != b.eps) all.push_back("eps of the norms " + number_text(a.eps) + " here, " + number_text(b.eps) + " there");
    return all;
}

}
