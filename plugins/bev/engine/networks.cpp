#include "plugins/bev/engine/networks.h"
#include "core/nn/int8_conv.h"
#include "core/nn/kernels.h"
#include <ATen/ATen.h>

namespace lathe::bev {

FeaturePyramid::FeaturePyramid(const std::vector<std::int64_t>& in, std::int64_t out, const AddLayer& add_layer, const std::string& name) {
    const auto add = [&](std::vector<std::unique_ptr<ConvUnit>>& units, const std::string& key, const ConvShape& shape) {
        units.push_back(std::make_unique<ConvUnit>(shape, ConvUnit::Names{"conv", "bn"}, Activation::none, add_layer, name + "." + key));
        own(key, *units.back());
    };
    for (std::size_t i = 0; i < in.size(); ++i) add(m_laterals, "lateral_convs." + std::to_string(i), {in[i], out, 1, 1, 0});
    for (std::size_t i = 0; i < in.size(); ++i) add(m_outputs, "fpn_convs." + std::to_string(i), {out, out, 3, 1, 1});
}

std::vector<at::Tensor> FeaturePyramid::forward(const std::vector<at::Tensor>& maps, TapStack* taps) {
    std::vector<at::Tensor> out;
    for (std::size_t i = 0; i < maps.size(); ++i) out.push_back(as_float(m_laterals[i]->forward(maps[i], taps)));
    for (std::size_t i = out.size(); i-- > 1;) out[i - 1] = out[i - 1] + at::upsample_nearest2d(out[i], {out[i - 1].size(2), out[i - 1].size(3)});
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = as_float(m_outputs[i]->forward(out[i], taps));
    return out;
}

LevelFusion::LevelFusion(int level, int levels, std::int64_t channels, const AddLayer& add_layer)
    : m_level(level), m_cat_id(add_layer("neck_fuse_" + std::to_string(level) + ".cat", "Concat", "cat", -1)),
      m_conv({channels * (levels - level), channels, 3, 1, 1, 1, true}, {"neck_fuse_" + std::to_string(level), ""}, Activation::none, add_layer, "") {
    own("", m_conv);
}

at::Tensor LevelFusion::forward(const std::vector<at::Tensor>& pyramid, TapStack* taps) {
    const auto first = static_cast<std::size_t>(m_level);
    const at::Tensor& fine = pyramid.at(first);
    if (const QuantStep* step = m_conv.int8_input(taps); step && !(taps && taps->wanted(m_cat_id)))   // no float of the whole size comes about
        return m_conv.forward(fused::upsampled_cat_u8({pyramid.begin() + m_level, pyramid.end()}, step->scale, step->zero), taps);
    std::vector<at::Tensor> parts{fine};
    for (std::size_t i = first + 1; i < pyramid.size(); ++i) parts.push_back(at::upsample_bilinear2d(pyramid[i], {fine.size(2), fine.size(3)}, false));
    at::Tensor all;
    if (taps && taps->wanted(m_cat_id)) {
        if (taps->enter(m_cat_id, parts, all) == Flow::run) all = at::cat(parts, 1);
        taps->leave(m_cat_id, parts, all);
    } else {
        if (taps) taps->tick();
        all = at::cat(parts, 1);
    }
    return m_conv.forward(all, taps);
}

ImageNetwork::ImageNetwork(const ResNetConfig& backbone, std::int64_t channels, const std::vector<int>& levels, const AddLayer& add_layer)
    : m_backbone(backbone, add_layer, "backbone"), m_neck(m_backbone.channels(), channels, add_layer, "neck") {
    own("backbone", m_backbone);
    own("neck", m_neck);
    for (const int level : levels) {
        m_fusions.push_back(std::make_unique<LevelFusion>(level, 4, channels, add_layer));
        own("", *m_fusions.back());
    }
}

ImageNetwork::Maps ImageNetwork::forward(const at::Tensor& images, TapStack* taps) {
    Maps maps;
    maps.stages = m_backbone.forward(images.contiguous(at::MemoryFormat::ChannelsLast), taps);
    maps.pyramid = m_neck.forward(maps.stages, taps);
    for (auto& fusion : m_fusions) maps.fused.push_back(fusion->forward(maps.pyramid, taps));
    return maps;
}

BevEncoder::Residual::Residual(std::int64_t channels, const AddLayer& add_layer, const std::string& name)
    : first({channels, channels, 3, 1, 1}, {"conv", "bn"}, Activation::relu, add_layer, name + ".conv0"), second({channels, channels, 3, 1, 1}, {"conv", "bn"}, Activation::relu, add_layer, name + ".conv1", -1, true) {
    own("conv0", first);
    own("conv1", second);
}

at::Tensor BevEncoder::Residual::forward(const at::Tensor& x, TapStack* taps) { return second.forward(first.forward(x, taps), taps, x); }

BevEncoder::BevEncoder(std::int64_t fuse_in, std::int64_t in, std::int64_t out, int layers, const AddLayer& add_layer, const std::string& name)
    : m_fuse({fuse_in, in, 1, 1, 0, 1, true}, {"fuse", ""}, Activation::none, add_layer, name) {
    own("", m_fuse);
    for (int i = 0; i <= layers; ++i) {
        const std::string even = "model." + std::to_string(2 * i), odd = "model." + std::to_string(2 * i + 1);
        m_residuals.push_back(std::make_unique<Residual>(i ? out : in, add_layer, name + "." + even));
        own(even, *m_residuals.back());
        m_plains.push_back(std::make_unique<ConvUnit>(ConvShape{i ? out : in, out, 3, i ? 1 : 2, 1}, ConvUnit::Names{"conv", "bn"}, Activation::relu, add_layer, name + "." + odd));
        own(odd, *m_plains.back());
    }
}

at::Tensor BevEncoder::encode(const at::Tensor& fused, TapStack* taps) {
    at::Tensor h = fused;
    for (std::size_t i = 0; i < m_residuals.size(); ++i) h = m_plains[i]->forward(m_residuals[i]->forward(h, taps), taps);
    return as_float(h);
}

BevHead::BevHead(std::int64_t in, const AddLayer& add_layer, const std::string& name)
    : m_cls({in, 80, 1, 1, 0, 1, true}, {"conv_cls", ""}, Activation::none, add_layer, name), m_reg({in, 72, 1, 1, 0, 1, true}, {"conv_reg", ""}, Activation::none, add_layer, name),
      m_dir({in, 16, 1, 1, 0, 1, true}, {"conv_dir_cls", ""}, Activation::none, add_layer, name) {
    for (ConvUnit* unit : {&m_cls, &m_reg, &m_dir}) own("", *unit);
}

HeadMaps BevHead::forward(const at::Tensor& bev, TapStack* taps) {
    const at::Tensor x = bev.transpose(2, 3);
    return {m_cls.forward(x, taps), m_reg.forward(x, taps), m_dir.forward(x, taps)};
}

}
