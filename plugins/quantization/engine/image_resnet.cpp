#include "plugins/quantization/engine/image_resnet.h"
#include "core/base/error.h"
#include "core/nn/int8_conv.h"
#include <ATen/ATen.h>

namespace lathe::quantization {

Json to_json(const ImageResNetConfig& c) { return {{"depth", c.depth}, {"base_channels", c.base_channels}, {"classes", c.classes}}; }

ImageResNetConfig image_resnet_config(const Json& json) {
    ImageResNetConfig c;
    c.depth = config_number(json, "depth", c.depth, 18, 101);
    if (!is_resnet_depth(c.depth)) throw Error(ErrorCode::invalid_value, "There is no ResNet of this depth here.", "depth = " + std::to_string(c.depth), "Choose 18, 34, 50 or 101.");
    c.base_channels = config_number(json, "base_channels", c.base_channels, 1, 1024);
    c.classes = config_number(json, "classes", c.classes, 2, 100'000);
    return c;
}

ImageResNet::ImageResNet(const ImageResNetConfig& config)
    : m_shape(config), m_backbone({config.depth, config.base_channels}, layer_adder(), ""), m_pool_id(add_layer("avgpool", "AdaptiveAvgPool2d", "pool")),
      m_flatten_id(add_layer("flatten", "Flatten", "reshape")), m_fc(m_backbone.channels().back(), config.classes, layer_adder(), "fc") {
    m_config = to_json(config);
    own("", m_backbone);
    own("fc", m_fc);
}

at::Tensor ImageResNet::forward(std::vector<at::Tensor> inputs, TapStack* taps) {
    at::Tensor h = as_float(m_backbone.forward(checked_input(inputs), taps).back());
    h = at_point(taps, m_pool_id, h, [](const at::Tensor& x) { return at::adaptive_avg_pool2d(x, {1, 1}); });
    h = at_point(taps, m_flatten_id, h, [](const at::Tensor& x) { return x.flatten(1); });
    return m_fc.forward(h, taps);
}

}
