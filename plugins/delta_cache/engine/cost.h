#pragma once
// Cost of a DiT by formula (spec 1.6), in multiply-accumulates of one forward and one image of the batch. Two columns: `full` counts everything, `linear`
// leaves the two attention products out, as published MAC counts of fused attention do.
#include "plugins/delta_cache/engine/dit.h"

namespace lathe::delta_cache {

struct Macs {
    double full = 0, linear = 0;
    Macs operator*(double factor) const { return {full * factor, linear * factor}; }
    Macs operator+(const Macs& other) const { return {full + other.full, linear + other.linear}; }
};

Macs block_macs(const DitConfig& config);           ///< one block, its modulation included
Macs outside_macs(const DitConfig& config);         ///< patch embedding, time embedding, final layer
Macs forward_macs(const DitConfig& config);         ///< the whole forward
/// A run of `steps` model calls that computes `computed_blocks` blocks in all, for `batch` rows (both halves of the guidance count).
Macs run_macs(const DitConfig& config, int steps, std::int64_t computed_blocks, std::int64_t batch);

}
