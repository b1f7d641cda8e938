#pragma once
// What a Vision Transformer is, read from a checkpoint's keys and shapes (specification, section 4): timm and DeiT, torchvision, Hugging Face ViT, image encoders
// of OpenAI and Hugging Face CLIP, augreg .npz. Any thread.
#include "core/base/json.h"
#include "core/nn/tensor_index.h"
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::vit_merge {

enum class VitLayout { timm, torchvision, hf_vit, openai_clip, hf_clip, augreg };
std::string_view to_text(VitLayout layout);                ///< "timm", "torchvision", "hf_vit", "openai_clip", "hf_clip", "augreg"
VitLayout vit_layout_from(std::string_view text);          ///< throws Error(unknown_name)

/// Of each channel, of values from 0 to 1.
struct Normalisation {
    std::vector<double> mean, deviation;
    bool operator==(const Normalisation&) const = default;
};

struct VitConfig {
    VitLayout layout = VitLayout::timm;
    std::string prefix;                                    ///< in front of every key of the file: "", "model.", "module.", "visual."…
    std::int64_t channels = 3, height = 224, width = 224;  ///< of the pictures
    std::int64_t patch = 16, dim = 768, depth = 12, heads = 12, mlp = 3072;
    std::int64_t classes = 0;                              ///< 0: no head (the trunk alone, or a CLIP encoder)
    std::int64_t projection = 0;                           ///< CLIP: width of the image features; 0: none
    double eps = 1e-6;                                     ///< of the layer norms
    bool quick_gelu = false;                               ///< x * sigmoid(1.702 x), else exact GELU
    bool class_token = true, dist_token = false;
    std::int64_t registers = 0;                            ///< register tokens
    bool pool_average = false;                             ///< the head reads the mean of the patch tokens; else token 0
    bool fc_norm = false;                                  ///< the last norm comes after pooling ("fc_norm"), as timm has it with pool_average; else before ("norm")
    bool embed_prefix = true;                              ///< position embedding on prefix tokens too; false: timm's no_embed_class
    bool patch_bias = true, qkv_bias = true, norm_pre = false, layer_scale = false, qk_norm = false;
    bool split_qkv = false;                                ///< the file holds q, k, v apart
    std::optional<Normalisation> normalisation;            ///< where the file or its config says
    std::vector<std::string> classes_names;                ///< where the file says

    std::int64_t prefix_tokens() const { return (class_token ? 1 : 0) + (dist_token ? 1 : 0) + registers; }
    std::int64_t grid_rows() const { return height / patch; }
    std::int64_t grid_columns() const { return width / patch; }
    std::int64_t tokens() const { return prefix_tokens() + grid_rows() * grid_columns(); }
};
Json to_json(const VitConfig& config);
/// Missing fields keep their defaults (fc_norm: that of pool_average). Throws Error(wrong_format, invalid_value) naming the field.
VitConfig vit_config_from(const Json& json);

/// Throws Error(invalid_value) naming what cannot be.
void check(const VitConfig& config);

/// "S/16": Ti, S, B, L, H with any patch that divides 224; pictures of 224 x 224, 1000 classes. Throws Error(unknown_name).
VitConfig vit_size(std::string_view name);

/// By keys, shapes and the metadata "config" / "lathe.config" of the file, or a config.json beside it (Hugging Face: eps, heads, normalisation; timm: mean, std).
/// No tensor is read. Empty: not a Vision Transformer; `why` then says what is missing.
std::optional<VitConfig> recognise_vit(const TensorIndex& file, std::string* why = nullptr);

/// What would keep two models from being merged key by key, in the user's words: "width 192 here, 384 there". Empty: nothing. Classes, layout and normalisation are not compared here.
std::vector<std::string> differences(const VitConfig& a, const VitConfig& b);

}
