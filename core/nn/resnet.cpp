#include "core/nn/resnet.h"
#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include <ATen/ATen.h>
#include <array>

namespace lathe {
namespace {

std::array<int, 4> blocks_of(int depth) {
    switch (depth) {
    case 18: return {2, 2, 2, 2};
    case 34: case 50: return {3, 4, 6, 3};
    case 101: return {3, 4, 23, 3};
    default: throw Error(ErrorCode::invalid_value, "There is no ResNet of this depth here.", std::to_string(depth), "Choose 18, 34, 50 or 101.");
    }
}

}

bool is_resnet_depth(int depth) { return depth == 18 || depth == 34 || depth == 50 || depth == 101; }

ResNetBlock::ResNetBlock(std::int64_t in, std::int64_t width, int stride, bool bottleneck, const AddLayer& add_layer, const std::string& name, int block) {
    const std::int64_t out = out_channels(width, bottleneck);
    const auto add = [&](const ConvShape& shape, int index, Activation activation, bool adds) {
        const std::string number = std::to_string(index);
        // torchvision calls one ReLU again and again; a tracer tells its calls apart in this way
        const std::string act = index == 1 ? "relu" : "relu_dup" + std::to_string(index - 1);
        m_units.push_back(std::make_unique<ConvUnit>(shape, ConvUnit::Names{"conv" + number, "bn" + number, "add", act}, activation, add_layer, name, block, adds));
        own("", *m_units.back());
    };
    if (bottleneck) {
        add({in, width, 1, 1, 0}, 1, Activation::relu, false);
        add({width, width, 3, stride, 1}, 2, Activation::relu, false);
        add({width, out, 1, 1, 0}, 3, Activation::relu, true);
    } else {
        add({in, width, 3, stride, 1}, 1, Activation::relu, false);
        add({width, out, 3, 1, 1}, 2, Activation::relu, true);
    }
    if (stride != 1 || in != out) {
        m_downsample = std::make_unique<ConvUnit>(ConvShape{in, out, 1, stride, 0}, ConvUnit::Names{"downsample.0", "downsample.1"}, Activation::none, add_layer, name, block);
        own("", *m_downsample);
    }
}

at::Tensor ResNetBlock::forward(const at::Tensor& x, TapStack* taps) {
    const at::Tensor residual = m_downsample ? m_downsample->forward(x, taps) : x;
    at::Tensor y = x;
    for (std::size_t i = 0; i + 1 < m_units.size(); ++i) y = m_units[i]->forward(y, taps);
    return m_units.back()->forward(y, taps, residual);
}

ResNet::ResNet(const ResNetConfig& config, const AddLayer& add_layer, const std::string& name)
    : m_stem({3, config.base_channels, 7, 2, 3}, {"conv1", "bn1", "", "relu"}, Activation::relu, add_layer, name), m_pool_id(add_layer(name.empty() ? "maxpool" : name + ".maxpool", "MaxPool2d", "pool", -1)) {
    const auto blocks = blocks_of(config.depth);
    const bool bottleneck = config.depth >= 50;
    own("", m_stem);
    std::int64_t in = config.base_channels;
    int index = 0;
    for (int stage = 0; stage < 4; ++stage) {
        const std::int64_t width = std::int64_t{config.base_channels} << stage;
        m_stages.emplace_back();
        for (int i = 0; i < blocks[static_cast<std::size_t>(stage)]; ++i) {
            const std::string key = "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
            m_stages.back().push_back(std::make_unique<ResNetBlock>(in, width, i == 0 && stage > 0 ? 2 : 1, bottleneck, add_layer, name.empty() ? key : name + "." + key, index++));
            own(key, *m_stages.back().back());
            in = ResNetBlock::out_channels(width, bottleneck);
        }
        m_channels.push_back(in);
    }
}

std::vector<at::Tensor> ResNet::forward(const at::Tensor& x, TapStack* taps) {
    at::Tensor h = m_stem.forward(x, taps);
    if (taps && taps->wanted(m_pool_id)) h = as_float(h);
    h = at_point(taps, m_pool_id, h, [](const at::Tensor& in) { return at::max_pool2d(in, {3, 3}, {2, 2}, {1, 1}, {1, 1}); });   // the quantized one reads two dilations
    std::vector<at::Tensor> maps;
    for (auto& stage : m_stages) {
        for (auto& block : stage) h = block->forward(h, taps);
        maps.push_back(h);
    }
    return maps;
}

}
