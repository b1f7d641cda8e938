#pragma once
// The whole Fast-BEV detector as one network of Lathe, with the official checkpoint's keys.
#include "plugins/bev/engine/detector_config.h"
#include "plugins/bev/engine/networks.h"
#include "plugins/bev/engine/view_transform.h"
#include <functional>
#include <memory>
#include <string>

namespace lathe::bev {

class Detector : public Network {
public:
    explicit Detector(const DetectorConfig& config);
    const DetectorConfig& detector_config() const { return m_detector; }

    /// [N, 3, H, W], normalised -> for each used level [N, C, h, w].
    std::vector<at::Tensor> image_features(const at::Tensor& images, TapStack* taps);
    ViewTables tables(const at::Tensor& lidar2img, const ViewRules& rules, const GridChange& change = {}) const;      ///< [frames * cameras, 4, 4], current frame first
    /// Features for each frame and each level, [cameras, C, h, w] -> folded volume [1, fuse_in, X, Y] of the first grid.
    at::Tensor folded(const std::vector<std::vector<at::Tensor>>& frames, const ViewTables& tables, Overlap overlap) const;
    /// For each level all frames one after the other, [frames * cameras, C, h, w].
    at::Tensor folded(const std::vector<at::Tensor>& features, const ViewTables& tables, Overlap overlap) const;
    at::Tensor fuse(const at::Tensor& folded, TapStack* taps) { return m_encoder.fuse(folded, taps); }
    at::Tensor encode(const at::Tensor& fused, TapStack* taps) { return m_encoder.encode(fused, taps); }
    HeadMaps head(const at::Tensor& bev, TapStack* taps) { return m_head.forward(bev, taps); }

    /// Turns image network and BEV encoder into int8, by the ranges that `run` shows them (it runs the network over some samples). `name` tells calibrations apart.
    void calibrate(const std::string& name, const std::function<void()>& run);
    const std::string& calibration() const { return m_calibration; }         ///< empty: none
    int int8_units() const { return m_int8_units; }                          ///< convolutions that run in int8

    /// inputs: images [frames * cameras, 3, H, W], lidar2img [frames * cameras, 4, 4]; the class map [1, 80, Ny, Nx].
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override;
    /// Fresh weights as the official training begins (kaiming and xavier, head N(0, 0.01), class bias for a prior of 0.01).
    void initialize(std::uint64_t seed);
private:
    DetectorConfig m_detector;
    ImageNetwork m_images;
    BevEncoder m_encoder;
    BevHead m_head;
    std::string m_calibration;
    int m_int8_units = 0;
};

}
