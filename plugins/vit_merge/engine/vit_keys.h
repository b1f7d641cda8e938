#pragma once
// Names of Vision Transformer tensors in every layout, and the one that Lathe works in: timm's, with q, k and v in one tensor ("canonical"). Any thread.
#include "core/nn/tensor_index.h"
#include "plugins/vit_merge/engine/vit_config.h"
#include <ATen/core/Tensor.h>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lathe::vit_merge {

/// As specification 2.4 groups keys; LayerScale's gamma belongs to what it scales. projection: CLIP's last one, part of the trunk, which no scope gates.
/// other: buffers and what no layout knows (position_ids, logit_scale, text tower).
enum class KeyGroup { embed, norm, attention, mlp, projection, head, other };
std::string_view to_text(KeyGroup group);                  ///< "embed", "norm", "attn", "mlp", "projection", "head", "other"

struct VitKey {
    KeyGroup group = KeyGroup::other;
    int block = -1;                                        ///< -1: none
    std::string canonical;                                 ///< "blocks.3.attn.qkv.weight"; of a third of it "blocks.3.attn.q.weight" (k, v); empty for `other`
};
/// `key`: of a checkpoint in any layout, its prefix taken away or not.
VitKey parse_vit_key(std::string_view key);
/// Of a key in a file of this layout: `other` where it does not stand below the file's prefix (a text tower, an optimiser's state).
VitKey parse_vit_key(std::string_view key, const VitConfig& config);

using TensorMap = std::map<std::string, at::Tensor>;

/// Canonical key and shape of every tensor of such a network, in the order of the layers.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> canonical_shapes(const VitConfig& config);

/// Every tensor of the network under its canonical key and shape (pos_embed [1, n, D], cls_token [1, 1, D], qkv [3 D, D], proj [D, P]): views of the file where its layout allows,
/// in its dtype. Throws Error(wrong_format) that lists what is missing or misshapen.
TensorMap canonical_tensors(const TensorIndex& file, const VitConfig& config);
/// head.* and head_dist.* alone; empty where the config has no classes.
TensorMap canonical_heads(const TensorIndex& file, const VitConfig& config);
/// From tensors under a checkpoint's keys, prefix included; those that are no part of the network are left.
TensorMap canonical_tensors(const TensorMap& checkpoint, const VitConfig& config);
/// Back into the names and shapes of a layout (prefix included), for a file that the layout's own programs read. augreg is written as timm.
TensorMap checkpoint_tensors(const TensorMap& canonical, const VitConfig& config, VitLayout layout, std::string_view prefix);

}
