#pragma once
// Reference cases of the neural half: each recomputes what the official implementation gave (shared with Help > Reference files).
#include "core/engine/verify.h"
#include <ATen/core/Tensor.h>

namespace lathe { class Network; }

namespace lathe::bev {

VerifyCase view_case();              ///< bev/view
VerifyCase projected_case();         ///< bev/view.projected
VerifyCase image_net_case();         ///< bev/image_net
VerifyCase encoder_case();           ///< bev/bev_neck
VerifyCase head_case();              ///< bev/head
VerifyCase loss_case();              ///< bev/loss
VerifyCase detect_case();            ///< bev/detect
VerifyCase overlap_case();           ///< bev/rotated_iou

// --- what several cases need
/// in.<name>; throws Error(wrong_format) where there is none.
at::Tensor case_input(const VerifyInputs& inputs, const std::string& name);
/// Weights of the file into `network`; strict, num_batches_tracked aside.
void load_weights(Network& network, const VerifyInputs& inputs);

}
