#include "plugins/bev/engine/detector.h"
#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace lathe::bev {

Detector::Detector(const DetectorConfig& c)
    : m_detector(c), m_images({c.depth, c.base_channels}, c.fpn_channels, c.levels, layer_adder()), m_encoder(c.fuse_in(), c.neck_in, c.neck_out, c.neck_layers, layer_adder(), "neck_3d"),
      m_head(c.neck_out, layer_adder(), "bbox_head") {
    m_config = to_json(c);
    own("", m_images);
    own("neck_3d", m_encoder);
    own("bbox_head", m_head);
}

std::vector<at::Tensor> Detector::image_features(const at::Tensor& images, TapStack* taps) {
    if (images.dim() != 4 || images.size(1) != 3 || images.size(2) != m_detector.height || images.size(3) != m_detector.width)
        throw Error(ErrorCode::invalid_value, "The pictures do not fit this detector.", std::to_string(images.size(2)) + " x " + std::to_string(images.size(3)),
            "It takes pictures of " + std::to_string(m_detector.height) + " x " + std::to_string(m_detector.width) + " (height x width).");
    return m_images.forward(images, taps).fused;
}

ViewTables Detector::tables(const at::Tensor& lidar2img, const ViewRules& rules, const GridChange& change) const {
    ViewTables tables;
    for (std::size_t i = 0; i < m_detector.levels.size(); ++i) {
        const int level = m_detector.levels[i];
        tables.levels.push_back(make_tables(changed(m_detector.grids[i], change), lidar2img, m_detector.cameras, m_detector.feature_size(level), m_detector.stride(level), rules));
    }
    return tables;
}

at::Tensor Detector::folded(const std::vector<at::Tensor>& features, const ViewTables& tables, Overlap overlap) const {
    std::vector<std::vector<at::Tensor>> frames;
    for (std::size_t i = 0; i < features.size(); ++i) {
        const std::vector<at::Tensor> split = by_frame(features[i], m_detector.cameras);
        frames.resize(std::max(frames.size(), split.size()));
        for (std::size_t t = 0; t < split.size(); ++t) frames[t].push_back(split[t]);
    }
    return folded(frames, tables, overlap);
}

at::Tensor Detector::folded(const std::vector<std::vector<at::Tensor>>& frames, const ViewTables& tables, Overlap overlap) const {
    std::vector<at::Tensor> volumes;
    for (std::size_t i = 0; i < tables.levels.size(); ++i) {
        std::vector<at::Tensor> of_level;
        for (const auto& frame : frames) of_level.push_back(frame.at(i));
        volumes.push_back(to_voxels(of_level, tables.levels[i], m_detector.cameras, overlap));
    }
    if (volumes.size() == 1) return volumes.front();
    const at::Tensor& reference = m_detector.pool_levels ? volumes.back() : volumes.front();
    const std::array<std::int64_t, 2> size{reference.size(2), reference.size(3)};
    for (at::Tensor& v : volumes) v = as_float(v);
    for (at::Tensor& v : volumes)
        if (v.size(2) != size[0] || v.size(3) != size[1]) v = m_detector.pool_levels ? at::adaptive_avg_pool2d(v, size) : at::upsample_bilinear2d(v, size, false);
    return at::cat(volumes, 1);
}

void Detector::calibrate(const std::string& name, const std::function<void()>& run) {
    observe_ranges(*this);
    try {
        run();
    } catch (...) {
        drop_int8(*this);
        throw;
    }
    m_int8_units = make_int8(*this, [](const std::string& key) { return !key.starts_with("bbox_head"); });   // 1 % of the work, and every box depends on it
    m_calibration = name;
}

at::Tensor Detector::forward(std::vector<at::Tensor> inputs, TapStack* taps) {
    if (inputs.size() != 2) throw Error(ErrorCode::invalid_value, "Fast-BEV needs two inputs: pictures and camera matrices.", std::to_string(inputs.size()) + " given");
    const at::Tensor volume = folded(image_features(inputs[0], taps), tables(inputs[1], {}), Overlap::last);
    return head(encode(fuse(volume, taps), taps), taps).cls;
}

void Detector::initialize(std::uint64_t seed) {
    const c10::NoGradGuard no_grad;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    double bound = 0;   // of the plain convolution whose bias comes next
    visit_parameters("", [&](const std::string& key, at::Tensor& t) {
        const auto has = [&key](const char* part) { return key.find(part) != std::string::npos; };
        const bool plain = has("neck_fuse") || has("neck_3d.fuse");
        if (t.dim() < 4) {
            if (plain) t.uniform_(-bound, bound, generator);
            else t.fill_(key == "bbox_head.conv_cls.bias" ? -std::log(99.0) : 0.0);
            return;
        }
        const double area = static_cast<double>(t.size(2) * t.size(3)), fan_in = static_cast<double>(t.size(1)) * area, fan_out = static_cast<double>(t.size(0)) * area;
        bound = 1 / std::sqrt(fan_in);
        if (has("bbox_head")) t.normal_(0, 0.01, generator);
        else if (key.starts_with("neck.")) t.uniform_(-std::sqrt(6 / (fan_in + fan_out)), std::sqrt(6 / (fan_in + fan_out)), generator);
        else if (plain) t.uniform_(-bound, bound, generator);
        else t.normal_(0, std::sqrt(2 / fan_out), generator);
    });
    visit_modules("", [](const std::string&, Module& module) {
        if (auto* norm = dynamic_cast<BatchNorm2d*>(&module)) norm->weight.fill_(1);
    });
    visit_modules("", [](const std::string&, Module& module) { module.weights_changed(); });
}

}
