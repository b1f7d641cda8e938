#pragma once
// Methods that look at pictures of the tasks: gradients, entropies and inputs of layers, one batch of one task at a time. Work thread.
#include "plugins/vit_merge/engine/merge_weights.h"
#include "plugins/vit_merge/engine/weight_stream.h"

namespace lathe::vit_merge {

/// Greedy soup, Fisher, RegMean, RegMean++ and the four AdaMergings, into out.trunk and out.facts.
void merge_with_pictures(const ModelSet& set, const MergeSettings& settings, const TaskPictures& pictures, Merged& out, const Told& told);

}
