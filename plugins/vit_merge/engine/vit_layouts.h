#pragma once
// The names that each checkpoint layout gives to canonical tensors. Not part of what other plugins see. Any thread.
#include "plugins/vit_merge/engine/vit_config.h"
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::vit_merge {

/// '#' stands for the number of a block in both names. What canonical has as one qkv may be three names here: "attn.q", "attn.k", "attn.v".
struct LayoutName { std::string canonical, name; };

/// Of one canonical tensor, the first name is the one that is written; the others are read too.
const std::vector<LayoutName>& layout_names(VitLayout layout);
/// Names of one canonical key ("blocks.3.mlp.fc1.weight"), the number put in.
std::vector<std::string> names_of(VitLayout layout, std::string_view canonical);
/// The first of these names below `prefix` that `has` knows; empty: none.
std::string find_name(VitLayout layout, const std::string& prefix, std::string_view canonical, const std::function<bool(const std::string&)>& has);

/// A name with its prefix taken away; `canonical` is empty where the layout does not know it. `block` is -1 outside blocks; of an unknown name inside a block it is its number.
struct ReadName { std::string canonical; int block = -1; };
ReadName read_name(VitLayout layout, std::string_view name);

/// "blocks.3.norm1.weight" -> 3 and "blocks.#.norm1.weight".
std::pair<int, std::string> with_hash(std::string_view canonical);

constexpr VitLayout kVitLayouts[] = {VitLayout::timm, VitLayout::torchvision, VitLayout::hf_vit, VitLayout::openai_clip, VitLayout::hf_clip, VitLayout::augreg};

}
