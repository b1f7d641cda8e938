#pragma once
// One look at what a detector sees: its pictures with true and found boxes, and the ground from above. For a training, which has no window.
#include "plugins/bev/engine/inference.h"
#include "plugins/bev/engine/sample_info.h"

namespace lathe::bev {

/// u8 [height, width, 3]: the pictures of the current frame in columns of two, the ground to +- range at the right, forward up. True boxes green, found ones with
/// at least `score` white; edges are cut at the near plane.
at::Tensor validation_sheet(const SampleInfo& sample, const Result& result, float range, float score = 0.3f);

}
