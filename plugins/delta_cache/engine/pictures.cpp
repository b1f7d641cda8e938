#include "plugins/delta_cache/engine/pictures.h"
#include <ATen/ATen.h>
#include <cmath>

namespace lathe::delta_cache {
namespace {

/// Least-squares map from the latents of Stable Diffusion's autoencoder to RGB, as widely used for previews; columns R, G, B.
at::Tensor latent_to_rgb() {
    return at::tensor({0.298, 0.207, 0.208, 0.187, 0.286, 0.173, -0.158, 0.189, 0.264, -0.184, -0.271, -0.473}, at::kFloat).view({4, 3});
}

at::Tensor bytes(const at::Tensor& nhwc) { return ((nhwc + 1) * 127.5).round().clamp(0, 255).to(at::kByte).contiguous(); }

}

bool are_pixels(std::int64_t channels) { return channels == 1 || channels == 3; }

at::Tensor to_pictures(const at::Tensor& sample) {
    const at::Tensor nhwc = sample.permute({0, 2, 3, 1});
    if (are_pixels(sample.size(1))) return bytes(nhwc);
    if (sample.size(1) == 4) return bytes(nhwc.matmul(latent_to_rgb()));
    const at::Tensor first = nhwc.narrow(3, 0, 1), low = first.amin({1, 2, 3}, true), high = first.amax({1, 2, 3}, true);
    return bytes((first - low) / (high - low).clamp_min(1e-12) * 2 - 1);
}

at::Tensor contact_sheet(const at::Tensor& pictures) {
    const std::int64_t count = pictures.size(0), height = pictures.size(1), width = pictures.size(2), channels = pictures.size(3);
    if (count == 1) return pictures[0];
    const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
    const std::int64_t rows = (count + columns - 1) / columns;
    at::Tensor cells = at::zeros({rows * columns, height, width, channels}, pictures.options());
    cells.narrow(0, 0, count).copy_(pictures);
    return cells.view({rows, columns, height, width, channels}).permute({0, 2, 1, 3, 4}).reshape({rows * height, columns * width, channels});
}

}
