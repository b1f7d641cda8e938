#pragma once
// Which blocks reuse at which step, as the panel draws it before the engine has answered: the rules of the engine half's cache_schedule.h, for cells only.
#include "core/base/json.h"
#include <cstdint>
#include <vector>

namespace lathe::delta_cache {

struct Schedule {
    int steps = 0, depth = 0;
    int switch_step = -1;                     ///< first step of the detail stage; -1: the rule has no stages
    std::vector<std::uint8_t> cells;          ///< depth x steps, row = block; 1: reuse
    int reused() const;
    double speedup() const;                   ///< block MACs only; infinite if nothing is computed
};

/// params: complete, of delta_cache.sample.
Schedule schedule_of(const Json& params, int steps, int depth);
/// Blocks to cache for a wanted speed-up, rounded; more than depth: not reachable with this interval. -1: bad input.
int blocks_for_speedup(double speedup, int interval, int steps, int depth);
/// The most that interval N can give: all blocks reused at every step that is not full.
double most_speedup(int interval, int steps);

}
