#pragma once
// From the head's maps to boxes: anchors, box coding, non-maximum suppression, direction. Source: mmdetection3d 0.x (Anchor3DHead,
// DeltaXYZWLHRBBoxCoder) with the multiclass scale-NMS of Sense-GVT/Fast-BEV.
#include "plugins/bev/engine/boxes.h"
#include "plugins/bev/engine/detector_config.h"
#include "plugins/bev/engine/networks.h"
#include <vector>

namespace lathe::bev {

inline constexpr int kAnchorsPerCell = 8, kCodeSize = 9;

/// In the order y, x, size, rotation; z is the bottom.
std::vector<Box> make_anchors(int ny, int nx, float range);
/// `code`: nine numbers. Also the inverse, for training targets.
Box decoded(const Box& anchor, const float* code);
std::array<float, 9> encoded(const Box& anchor, const Box& box);

/// What became of a candidate, for the detection inspector.
struct Candidate {
    int anchor = 0;                 ///< index into make_anchors
    int label = 0, direction = 0;   ///< direction bin
    float score = 0;
    Box raw;                        ///< decoded, before the direction bin is applied
    int suppressed_by = -1;         ///< index of a candidate; -1: kept, or cut off by the limits
    float overlap = 0;              ///< with the one that suppressed it (circle NMS: squared distance)
    bool kept = false;
};
struct Detections {
    std::vector<Detection> boxes;
    std::vector<Candidate> candidates;      ///< only where asked for
    std::vector<int> sources;               ///< for each box its candidate
};

/// Of one sample: maps [C, Ny, Nx]. Boxes class by class in order of score, or by score where there were more than at_most.
Detections detect(const at::Tensor& cls, const at::Tensor& reg, const at::Tensor& dir, float range, const PostConfig& post, bool trace = false);

}
