#pragma once
// ResNet-18, 34, 50 and 101 for pictures (He et al. 2015) with keys and names of torchvision: the network of core/nn/resnet.h, global average, one linear
// layer. Every operation is a Tap point; a ReLU that torchvision calls again is "relu_dup1", "relu_dup2", as MQBench calls it.
#include "core/nn/layers.h"
#include "core/nn/resnet.h"
#include "plugins/quantization/engine/classifier.h"

namespace lathe::quantization {

struct ImageResNetConfig { int depth = 50; int base_channels = 64; int classes = 1000; };
Json to_json(const ImageResNetConfig& config);
/// Throws Error(invalid_value) naming the field.
ImageResNetConfig image_resnet_config(const Json& json);

class ImageResNet : public Classifier {
public:
    explicit ImageResNet(const ImageResNetConfig& config);
    /// [N, 3, H, W] normalised -> logits [N, classes].
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override;
    std::int64_t classes() const override { return m_shape.classes; }
    std::int64_t channels() const override { return 3; }
    std::int64_t image_size() const override { return 224; }
private:
    ImageResNetConfig m_shape;
    ResNet m_backbone;
    int m_pool_id, m_flatten_id;
    Linear m_fc;
};

}
