#pragma once
// What bev.ablation compares: an experiment, and the same with one thing changed.
#include "plugins/bev/engine/inference.h"
#include <string>
#include <string_view>

namespace lathe::bev {

inline constexpr std::array<std::string_view, 10> kAxes{"overlap", "rounding", "sampling", "grid", "frames", "alignment", "rotation", "position", "cameras", "suppression"};

struct Variant {
    std::string axis, value;
    Experiment experiment;
    bool same_maps = false;                   ///< as the baseline up to the head: only the suppression differs
};

/// First `base` itself, then one variant for each other value along each of `axes`. `seed`: of the calibration errors.
/// Throws Error(unknown_name) for an axis that is none of kAxes.
std::vector<Variant> variants_of(const Experiment& base, const DetectorConfig& config, const std::vector<std::string>& channels, const std::vector<std::string>& axes, std::uint64_t seed);

}
