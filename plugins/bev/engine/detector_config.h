#pragma once
// Sizes and rules of a Fast-BEV detector, as JSON and as the published zoo (specs: fastbev_mX_rDEPTH_sHxW_vXxYxZ_cOUT_dLAYERS_fFRAMES).
#include "core/base/json.h"
#include "plugins/bev/engine/view.h"
#include <array>
#include <string>
#include <vector>

namespace lathe::bev {

/// What becomes of the head's numbers (test_cfg of the official configs).
struct PostConfig {
    float score_threshold = 0.05f;
    int before_nms = 1000, at_most = 500;
    bool scale_nms = true;                                           ///< rotated NMS of boxes scaled by class, barriers by circle; else plain rotated NMS
    float plain_threshold = 0.2f;
    std::array<float, 10> factor{1.0f, 0.7f, 0.55f, 0.4f, 0.7f, 1.0f, 1.0f, 4.5f, 9.0f, 1.0f};
    std::array<float, 10> threshold{0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.2f, 0.5f, 0.5f, 0.2f};
    std::array<float, 10> squared_radius{4, 12, 10, 10, 12, 0.85f, 0.85f, 0.175f, 0.175f, 1};
    std::array<bool, 10> circle{false, false, false, false, false, false, false, false, false, true};
};
PostConfig post_config(const Json& test_cfg);                        ///< the keys of the official test_cfg; missing ones keep their default

struct DetectorConfig {
    int depth = 18, base_channels = 64, fpn_channels = 64;
    int height = 256, width = 704, frames = 4, cameras = 6;
    std::vector<int> levels{0};                                      ///< multi_scale_id: FPN outputs that are fused and lifted
    std::vector<VoxelGrid> grids{VoxelGrid{}};                       ///< one for each level
    bool pool_levels = false;                                        ///< maps of several grids: average pooling to the last one instead of bilinear resizing to the first
    int neck_in = 256, neck_out = 192, neck_layers = 2;
    float range = 50;                                                ///< anchors over [-range, range) in x and y
    PostConfig post;

    int fuse_in() const;                                             ///< channels of the folded volume: sum over levels of Z * frames * fpn_channels
    int stride(int level) const;                                     ///< ceil(width / width of the feature map)
    FeatureSize feature_size(int level) const;                       ///< of the map of `level`: halved with rounding up, five and more times from the picture
};
Json to_json(const DetectorConfig& config);
DetectorConfig detector_config(const Json& config);                  ///< throws Error(invalid_value) naming the field
DetectorConfig zoo(const std::string& name);                         ///< "M0" … "M5", "MS", "tiny", "small"; throws Error(unknown_name)
std::vector<std::string> zoo_names();

}
