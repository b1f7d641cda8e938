#pragma once
// The tables of the street in the nuScenes v1.0 layout. Tokens follow from seed, table and place, so they are the same every time.
#include "plugins/bev/engine/street_plan.h"

namespace lathe::bev {

struct BoxCounts { int lidar_points = 0, seen = 0, alone = 0; };     ///< seen, alone: pixels in all cameras, with and without everything else in the way

/// Rows of the scene's own tables: {"scene": [...], "sample": [...], "sample_data", "ego_pose", "calibrated_sensor", "instance", "sample_annotation"}.
/// `counts`: [key frame][object].
Json scene_rows(const StreetOptions& options, const ScenePlan& plan, const std::vector<std::vector<BoxCounts>>& counts);

/// All tables from the rows of all scenes, the splits and the empty map, below `root`. Throws Error(io).
void write_street_tables(const StreetOptions& options, const std::vector<Json>& scenes, const std::filesystem::path& root);

}
