#pragma once
// The "street" data set: made-up drives with exact truth, seen by six cameras and a lidar, in the nuScenes v1.0 layout (so that the same loader reads both).
// The same options give the same tables, ids and geometry; the pixels of pictures may differ between OpenGL drivers.
#include "core/base/json.h"
#include "plugins/bev/engine/picture_file.h"
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::bev {

inline constexpr std::string_view kStreetVersion = "v1.0-street";

struct StreetOptions {
    std::uint64_t seed = 1;
    int train_scenes = 24, val_scenes = 8;      ///< named street-train-0001, ..., street-val-0001, ...
    int key_frames = 8;                         ///< a scene, at 2 Hz; one more picture of each camera follows after each
    int width = 400;                            ///< of the pictures; their height is 9/16 of it
    bool exposure_offsets = true;               ///< cameras expose up to 43 ms before the lidar's key frame, as those of nuScenes do
    bool rare_classes = true;                   ///< trailers and construction vehicles too
    bool truth_pictures = false;                ///< also depth (centimetres) and object ids of key frames as 16-bit PNG, below truth/
    int jpeg_quality = 90;

    int scenes() const { return train_scenes + val_scenes; }
    int height() const { return width * 9 / 16; }
    int pictures() const { return scenes() * key_frames * 2 * 6; }
};
Json to_json(const StreetOptions& options);

struct StreetHooks {
    std::function<void(int done, int total, const std::string& note)> progress;                           ///< pictures; may throw to end the work
    std::function<void(const std::string& scene, const std::vector<Picture>& pictures)> preview;          ///< the first key frame of a scene, in the order of kCameras
};

struct StreetSummary {
    int scenes = 0, samples = 0, annotations = 0, pictures = 0;
    bool was_there = false;                     ///< the folder held this very data set already
    std::string driver;                         ///< what drew the pictures
};

/// Makes the data set in `folder`, which must not exist, be empty, or hold the same data set. It is made in "FOLDER.part" and renamed at the end; what an
/// interrupted run left there is continued scene by scene. Throws Error(invalid_value, busy, io, unsupported) and what `progress` throws.
StreetSummary generate_street(const StreetOptions& options, const std::filesystem::path& folder, const StreetHooks& hooks = {});

}
