#pragma once
// Convolutional layers that report to Taps, [N, C, H, W]. Inference folds the normalisation into the convolution and keeps channels last;
// a tapped or trained layer runs its parts one by one.
#include "core/nn/network.h"
#include <string>
#include <vector>

namespace lathe {

struct ConvShape { std::int64_t in = 0, out = 0; int kernel = 1, stride = 1, padding = 0, groups = 1; bool bias = false; };

/// conv2d, channels last, right for every shape, its gradients too, also where oneDNN is not. bias may be undefined; dilation 1.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const ConvShape& shape);

class Conv2d : public Module {
public:
    Conv2d(const ConvShape& shape, const AddLayer& add_layer, std::string name, int block = -1);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    const ConvShape& shape() const { return m_shape; }
    int id() const { return m_id; }
    at::Tensor weight, bias;                    ///< [out, in / groups, k, k]; [out] or undefined
private:
    ConvShape m_shape;
    int m_id;
};

/// Batch normalisation over [N, H, W]; running statistics unless batch_statistics is set (training). Running variance is the unbiased one, momentum 0.1.
class BatchNorm2d : public Module {
public:
    BatchNorm2d(std::int64_t channels, const AddLayer& add_layer, std::string name, int block = -1, double eps = 1e-5);
    at::Tensor forward(const at::Tensor& x, TapStack* taps);
    int id() const { return m_id; }
    double eps() const { return m_eps; }
    at::Tensor weight, bias, running_mean, running_var;
    bool batch_statistics = false;
private:
    double m_eps;
    int m_id;
};

enum class Activation { none, relu };

struct ConvSeen;
struct QuantStep;
class Int8Conv;

/// activation(norm(conv(x)) + residual); norm and residual may be missing. The keys of the two parts stand directly under the key of the unit's owner:
/// own it with an empty name.
class ConvUnit : public Module {
public:
    /// Keys below the owner; norm empty: none. add, act: what these two points are called; empty: "<conv>.add" and "<conv>.relu".
    struct Names { std::string conv, norm, add = {}, act = {}; };
    ConvUnit(const ConvShape& shape, const Names& names, Activation activation, const AddLayer& add_layer, const std::string& owner, int block = -1, bool adds = false);
    ~ConvUnit() override;
    /// In its int8 form it takes and gives quantized tensors (core/nn/int8_conv.h); tapped and trained it is float as ever.
    at::Tensor forward(const at::Tensor& x, TapStack* taps, const at::Tensor& residual = {});
    void weights_changed() override;
    void observe();                             ///< float again, and notes ranges until stop_observing
    void stop_observing();
    bool make_int8();                           ///< from what was noted; false: nothing was, or oneDNN's integers are wrong for this shape on this processor
    void drop_int8();
    const QuantStep* int8_input(const TapStack* taps) const;   ///< what this pass will quantize its input with; null: it takes floats
    Conv2d& conv() { return m_conv; }
    BatchNorm2d* norm() { return m_norm.get(); }
private:
    bool looked_at(const TapStack* taps) const;
    void fold();
    at::Tensor folded_conv(const at::Tensor& x);
    void note(const at::Tensor& x, const at::Tensor& residual, const at::Tensor& y);
    Conv2d m_conv;
    std::unique_ptr<BatchNorm2d> m_norm;
    Activation m_activation;
    int m_add_id = -1, m_act_id = -1;
    at::Tensor m_folded_weight, m_folded_bias, m_packed;   // packed: the folded weight in oneDNN's layout for inputs of the size below
    std::vector<std::int64_t> m_packed_for;
    std::unique_ptr<ConvSeen> m_seen;
    std::unique_ptr<Int8Conv> m_int8;
};

}
