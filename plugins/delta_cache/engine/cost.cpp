#include "plugins/delta_cache/engine/cost.h"

namespace lathe::delta_cache {

Macs block_macs(const DitConfig& config) {
    const double n = config.tokens(), d = config.hidden, hidden = config.mlp_hidden();
    const double linear = 4 * n * d * d + 2 * n * d * hidden + 6 * d * d;
    return {linear + 2 * n * n * d, linear};
}

Macs outside_macs(const DitConfig& config) {
    const double n = config.tokens(), d = config.hidden, area = config.patch * config.patch;
    const double macs = n * area * config.in_channels * d + n * d * area * config.out_channels() + 256 * d + d * d + 2 * d * d;
    return {macs, macs};
}

Macs forward_macs(const DitConfig& config) { return block_macs(config) * config.depth + outside_macs(config); }

Macs run_macs(const DitConfig& config, int steps, std::int64_t computed_blocks, std::int64_t batch) {
    const auto rows = static_cast<double>(batch);
    return block_macs(config) * (static_cast<double>(computed_blocks) * rows) + outside_macs(config) * (steps * rows);
}

}
