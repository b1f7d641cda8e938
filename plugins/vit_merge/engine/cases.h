#pragma once
// The reference files of this plugin (core/engine/verify.h).
#include "core/engine/verify.h"

namespace lathe::vit_merge {

VerifyCase timm_case();                  ///< vit_merge/vit.timm
VerifyCase torchvision_case();           ///< vit_merge/vit.torchvision
VerifyCase hf_case();                    ///< vit_merge/vit.hf
VerifyCase deit_case();                  ///< vit_merge/vit.deit
VerifyCase clip_case();                  ///< vit_merge/vit.clip: OpenAI and Hugging Face
VerifyCase pos_embed_case();             ///< vit_merge/pos_embed_interp
VerifyCase mobilenet_case();             ///< vit_merge/gate_mobilenetv2
VerifyCase per_sample_linear_case();     ///< vit_merge/per_sample_linear
VerifyCase we_moe_case();                ///< vit_merge/wemoe_mlp
VerifyCase merge_methods_case();         ///< vit_merge/merge_methods
VerifyCase mow_case();                   ///< vit_merge/mow_clip12
VerifyCase cka_case();                   ///< vit_merge/cka

}
