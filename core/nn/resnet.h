#pragma once
// ResNet-18, 34, 50 and 101 (He et al. 2015) with the keys of torchvision, without its classifier; the stride of a bottleneck is on its 3 x 3 convolution.
#include "core/nn/conv.h"
#include <memory>
#include <vector>

namespace lathe {

struct ResNetConfig { int depth = 18; int base_channels = 64; };
bool is_resnet_depth(int depth);

class ResNetBlock : public Module {            ///< BasicBlock or Bottleneck
public:
    ResNetBlock(std::int64_t in, std::int64_t width, int stride, bool bottleneck, const AddLayer& add_layer, const std::string& name, int block);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    static std::int64_t out_channels(std::int64_t width, bool bottleneck) { return bottleneck ? 4 * width : width; }
private:
    std::vector<std::unique_ptr<ConvUnit>> m_units;
    std::unique_ptr<ConvUnit> m_downsample;
};

class ResNet : public Module {
public:
    ResNet(const ResNetConfig& config, const AddLayer& add_layer, const std::string& name);
    /// [N, 3, H, W] -> C2, C3, C4, C5 at strides 4, 8, 16, 32.
    std::vector<at::Tensor> forward(const at::Tensor& x, TapStack* taps);
    std::vector<std::int64_t> channels() const { return m_channels; }
private:
    ConvUnit m_stem;
    int m_pool_id;
    std::vector<std::vector<std::unique_ptr<ResNetBlock>>> m_stages;
    std::vector<std::int64_t> m_channels;
};

}
