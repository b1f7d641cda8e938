#pragma once
// DiT checkpoints: the official layout (facebookresearch/DiT, also inside {model, ema, opt, args}) and that of diffusers (DiTTransformer2DModel).
#include "core/nn/model_family.h"
#include <memory>

namespace lathe::delta_cache {

/// Id "dit". Options of load(), all of them only for what shapes do not tell and the file's metadata (lathe.config or config) does not say:
/// num_heads, input_size, learn_sigma, class_dropout_prob, freq_shift, norm2_eps, classes (names).
std::unique_ptr<ModelFamily> make_dit_family();

}
