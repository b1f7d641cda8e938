#pragma once
// What a sample looks like: pixel-space samples as they are, latents of four channels through a linear map to colours (a cheap preview, not a decoder).
#include <ATen/core/Tensor.h>

namespace lathe::delta_cache {

/// [B, C, H, W] in [-1, 1] -> u8 [B, H, W, 1 or 3]. One or three channels are pixels, four are latents of a Stable Diffusion autoencoder; of any other
/// number the first is shown, stretched to its own range.
at::Tensor to_pictures(const at::Tensor& sample);
bool are_pixels(std::int64_t channels);

/// Pictures of a batch side by side in a nearly square sheet: u8 [B, H, W, C] -> [rows * H, columns * W, C].
at::Tensor contact_sheet(const at::Tensor& pictures);

}
