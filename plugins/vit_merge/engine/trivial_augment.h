#pragma once
// TrivialAugmentWide (Müller and Hutter 2021, arXiv 2103.10158): each picture gets one of 14 changes with a random strength.
#include <ATen/core/Tensor.h>

namespace lathe::vit_merge {

/// uint8 [n, C, H, W] of one or three channels.
at::Tensor trivially_augmented(const at::Tensor& pictures, at::Generator random);

}
