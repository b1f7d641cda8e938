#pragma once
// ResNet for small pictures (He et al. 2015, section 4.2; keys and point names of akamaster/pytorch_resnet_cifar10): a 3 x 3 stem, three stages of basic
// blocks of 16, 32 and 64 channels, shortcuts without weights (option A: every second pixel, zero channels), global average, one linear layer.
// Every operation is a Tap point, so that backends see the same graph as in the public model.
#include "core/nn/conv.h"
#include "core/nn/layers.h"
#include "plugins/quantization/engine/classifier.h"
#include <memory>
#include <vector>

namespace lathe::quantization {

struct CifarResNetConfig { int blocks = 3; int width = 16; int channels = 3; int classes = 10; int size = 32; };   ///< blocks a stage: depth = 6 blocks + 2; size of the pictures
Json to_json(const CifarResNetConfig& config);
int usual_picture_size(std::int64_t channels);   ///< 28 for one channel, as MNIST and Fashion-MNIST have them; 32, as CIFAR
/// Throws Error(invalid_value) naming the field.
CifarResNetConfig cifar_resnet_config(const Json& json);

class CifarBlock : public Module {
public:
    CifarBlock(std::int64_t in, std::int64_t out, int stride, const AddLayer& add_layer, const std::string& name, int block);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
private:
    at::Tensor shortcut(const at::Tensor& x, TapStack* taps) const;
    std::int64_t m_in, m_out;
    int m_stride, m_slice_id = -1, m_pad_id = -1;
    std::unique_ptr<ConvUnit> m_first, m_second;
};

class CifarResNet : public Classifier {
public:
    explicit CifarResNet(const CifarResNetConfig& config);
    /// [N, C, H, W] normalised -> logits [N, classes].
    at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) override;
    const CifarResNetConfig& shape() const { return m_shape; }
    std::int64_t classes() const override { return m_shape.classes; }
    std::int64_t channels() const override { return m_shape.channels; }
    std::int64_t image_size() const override { return m_shape.size; }
private:
    CifarResNetConfig m_shape;
    ConvUnit m_stem;
    std::vector<std::unique_ptr<CifarBlock>> m_blocks;
    int m_pool_id, m_flatten_id;
    Linear m_linear;
};

}
