#pragma once
// x W^T + b for inference, by whichever is faster for this shape on this machine: our own kernel, which packs the weight as it goes (fused::linears), at::linear (BLAS),
// or oneDNN with a prepacked weight, where that is worth the copy (and agrees with at::linear, which is checked: see onednn_linear.h).
// Up to eight rows take a kernel that is bound by reading the weight (fused::thin_linear), small products always our own.
// The choice is measured once for each (rows, in, out, threads) of a process, so equal calls give equal bits within one process.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <map>

namespace lathe {

enum class LinearWay : int;

class FastLinear {
public:
    /// x [..., in] float on the CPU takes the fast way; anything else at::linear. bias may be undefined. Never records gradients.
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
    void forget() { m_packed.clear(); }              ///< the weight has changed
private:
    LinearWay choose(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
    const at::Tensor& packed(const at::Tensor& weight, std::int64_t rows);
    std::map<std::int64_t, at::Tensor> m_packed;     // by rows: oneDNN's layout depends on them
};

}
