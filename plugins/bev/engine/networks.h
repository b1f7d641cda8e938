#pragma once
// The parts of Fast-BEV with the keys of its official checkpoints. [N, C, H, W]; batch normalisation in evaluation mode unless trained.
// Sources: Sense-GVT/Fast-BEV (M2BevNeck, FreeAnchor3DHead), mmdetection 2.x (FPN), mmcv 1.4 (ConvModule).
#include "core/nn/resnet.h"
#include <memory>
#include <string>
#include <vector>

namespace lathe::bev {

/// Feature pyramid: 1 x 1 laterals, nearest-neighbour top-down sums, 3 x 3 outputs; all with normalisation, none with activation.
class FeaturePyramid : public Module {
public:
    FeaturePyramid(const std::vector<std::int64_t>& in, std::int64_t out, const AddLayer& add_layer, const std::string& name);
    std::vector<at::Tensor> forward(const std::vector<at::Tensor>& maps, TapStack* taps);
private:
    std::vector<std::unique_ptr<ConvUnit>> m_laterals, m_outputs;
};

/// neck_fuse_i: P_i and all coarser levels at its size, then a 3 x 3 convolution with bias.
class LevelFusion : public Module {
public:
    LevelFusion(int level, int levels, std::int64_t channels, const AddLayer& add_layer);
    at::Tensor forward(const std::vector<at::Tensor>& pyramid, TapStack* taps);
private:
    int m_level, m_cat_id;
    ConvUnit m_conv;
};

/// Pictures to feature maps: backbone, pyramid, and one fused map for each used level; quantized where its last convolution runs in int8.
class ImageNetwork : public Module {
public:
    ImageNetwork(const ResNetConfig& backbone, std::int64_t channels, const std::vector<int>& levels, const AddLayer& add_layer);
    struct Maps { std::vector<at::Tensor> stages, pyramid, fused; };      ///< C2 to C5, P2 to P5, one for each level
    Maps forward(const at::Tensor& images, TapStack* taps);
private:
    ResNet m_backbone;
    FeaturePyramid m_neck;
    std::vector<std::unique_ptr<LevelFusion>> m_fusions;
};

/// M2BevNeck on the folded volume [N, Z * T * C, X, Y], float or quantized -> float [N, out, ceil(X / 2), ceil(Y / 2)].
class BevEncoder : public Module {
public:
    BevEncoder(std::int64_t fuse_in, std::int64_t in, std::int64_t out, int layers, const AddLayer& add_layer, const std::string& name);
    at::Tensor fuse(const at::Tensor& folded, TapStack* taps) { return m_fuse.forward(folded, taps); }
    at::Tensor encode(const at::Tensor& fused, TapStack* taps);
private:
    struct Residual : Module {
        Residual(std::int64_t channels, const AddLayer& add_layer, const std::string& name);
        at::Tensor forward(const at::Tensor& x, TapStack* taps);
        ConvUnit first, second;
    };
    ConvUnit m_fuse;
    std::vector<std::unique_ptr<Residual>> m_residuals;
    std::vector<std::unique_ptr<ConvUnit>> m_plains;
};

struct HeadMaps { at::Tensor cls, reg, dir; };       ///< [N, 80 | 72 | 16, Ny, Nx]

class BevHead : public Module {
public:
    BevHead(std::int64_t in, const AddLayer& add_layer, const std::string& name);
    HeadMaps forward(const at::Tensor& bev, TapStack* taps);   ///< of [N, C, X, Y]: transposed first
private:
    ConvUnit m_cls, m_reg, m_dir;
};

}
