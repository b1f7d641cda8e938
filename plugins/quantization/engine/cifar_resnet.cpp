#include "plugins/quantization/engine/cifar_resnet.h"
#include "core/nn/int8_conv.h"
#include <ATen/ATen.h>

namespace lathe::quantization {
namespace {

constexpr int kStages = 3;

}

Json to_json(const CifarResNetConfig& c) { return {{"blocks", c.blocks}, {"width", c.width}, {"channels", c.channels}, {"classes", c.classes}, {"size", c.size}}; }

int usual_picture_size(std::int64_t channels) { return channels == 1 ? 28 : 32; }

CifarResNetConfig cifar_resnet_config(const Json& json) {
    CifarResNetConfig c;
    c.blocks = config_number(json, "blocks", c.blocks, 1, 200);
    c.width = config_number(json, "width", c.width, 2, 1024);
    c.channels = config_number(json, "channels", c.channels, 1, 64);
    c.classes = config_number(json, "classes", c.classes, 2, 100'000);
    c.size = config_number(json, "size", usual_picture_size(c.channels), 4, 4096);
    return c;
}

CifarBlock::CifarBlock(std::int64_t in, std::int64_t out, int stride, const AddLayer& add_layer, const std::string& name, int block) : m_in(in), m_out(out), m_stride(stride) {
    m_first = std::make_unique<ConvUnit>(ConvShape{in, out, 3, stride, 1}, ConvUnit::Names{"conv1", "bn1", "", "relu1"}, Activation::relu, add_layer, name, block);
    own("", *m_first);
    if (stride != 1 || in != out) {
        m_slice_id = add_layer(name + ".slice", "Slice", "slice", block);
        m_pad_id = add_layer(name + ".pad", "Pad", "pad", block);
    }
    m_second = std::make_unique<ConvUnit>(ConvShape{out, out, 3, 1, 1}, ConvUnit::Names{"conv2", "bn2", "add", "relu2"}, Activation::relu, add_layer, name, block, true);
    own("", *m_second);
}

at::Tensor CifarBlock::shortcut(const at::Tensor& given, TapStack* taps) const {
    if (m_slice_id < 0) return given;
    const at::Tensor sliced = at_point(taps, m_slice_id, as_float(given), [&](const at::Tensor& x) { return x.slice(2, 0, x.size(2), m_stride).slice(3, 0, x.size(3), m_stride); });
    const std::int64_t before = (m_out - m_in) / 2, after = m_out - m_in - before;
    return at_point(taps, m_pad_id, sliced, [&](const at::Tensor& x) { return at::constant_pad_nd(x, {0, 0, 0, 0, before, after}, 0).contiguous(at::MemoryFormat::ChannelsLast); });
}

at::Tensor CifarBlock::forward(const at::Tensor& x, TapStack* taps) {
    const at::Tensor y = m_first->forward(x, taps);
    return m_second->forward(y, taps, shortcut(x, taps));
}

CifarResNet::CifarResNet(const CifarResNetConfig& config)
    : m_shape(config), m_stem({config.channels, config.width, 3, 1, 1}, {"conv1", "bn1", "", "relu"}, Activation::relu, layer_adder(), ""),
      m_blocks([&] {
          std::vector<std::unique_ptr<CifarBlock>> blocks;
          std::int64_t in = config.width;
          for (int stage = 0; stage < kStages; ++stage)
              for (int i = 0; i < config.blocks; ++i) {
                  const std::int64_t out = std::int64_t{config.width} << stage;
                  const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
                  blocks.push_back(std::make_unique<CifarBlock>(in, out, stage > 0 && i == 0 ? 2 : 1, layer_adder(), name, stage * config.blocks + i));
                  in = out;
              }
          return blocks;
      }()),
      m_pool_id(add_layer("avgpool", "AdaptiveAvgPool2d", "pool")), m_flatten_id(add_layer("flatten", "Flatten", "reshape")),
      m_linear(std::int64_t{config.width} << (kStages - 1), config.classes, layer_adder(), "linear") {
    m_config = to_json(config);
    own("", m_stem);
    for (int stage = 0; stage < kStages; ++stage)
        for (int i = 0; i < config.blocks; ++i) own("layer" + std::to_string(stage + 1) + "." + std::to_string(i), *m_blocks[static_cast<std::size_t>(stage * config.blocks + i)]);
    own("linear", m_linear);
}

at::Tensor CifarResNet::forward(std::vector<at::Tensor> inputs, TapStack* taps) {
    at::Tensor h = m_stem.forward(checked_input(inputs), taps);
    for (auto& block : m_blocks) h = block->forward(h, taps);
    h = at_point(taps, m_pool_id, as_float(h), [](const at::Tensor& x) { return at::adaptive_avg_pool2d(x, {1, 1}); });
    h = at_point(taps, m_flatten_id, h, [](const at::Tensor& x) { return x.flatten(1); });
    return m_linear.forward(h, taps);
}

}
