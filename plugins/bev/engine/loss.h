#pragma once
// FreeAnchor's two losses as in mmdetection3d's FreeAnchor3DHead with the settings of Fast-BEV. float32.
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/networks.h"
#include <vector>

namespace lathe::bev {

struct GroundTruth { std::vector<Box> boxes; std::vector<int> labels; };

struct LossOptions {
    int bag = 25;                      ///< anchors of a positive bag
    float box_threshold = 0.5f, alpha = 0.5f, gamma = 2.0f, weight = 0.8f, beta = 1.0f / 9;
    float velocity_weight = 0.2f;      ///< code weight of the two velocities; all others 1
};

struct FreeAnchorLoss { at::Tensor positive, negative; };   ///< scalars on the autograd graph; train on their sum

/// maps [B, C, Ny, Nx] of B samples. Empty samples count as background. Finite for finite maps.
FreeAnchorLoss free_anchor_loss(const HeadMaps& maps, const std::vector<GroundTruth>& truth, float range, const LossOptions& options = {});

}
