#pragma once
// x W^T + b for inference, by whichever of at::linear (BLAS) and oneDNN with a prepacked weight is faster for this shape on this machine
// Up to eight rows take our own kernel, which is bound by reading the weight (fused::thin_linear).
// (oneDNN only where it agrees with at::linear, which is checked: see onednn_linear.h).
// The choice is measured once for each (rows, in, out, threads) of a process, so equal calls give equal bits within one process.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <map>
#include <string>

namespace lathe {

class FastLinear {
public:
    /// x [..., in] float on the CPU takes the fast way; anything else at::linear. bias may be undefined. Never records gradients.
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);
    void forget() { m_packed.clear(); }              ///< the weight has changed
    /// For reports: "at::linear" or "prepacked" for a shape that was measured, else empty.
    static std::string choice(std::int64_t rows, std::int64_t in, std::int64_t out);
private:
    const at::Tensor& packed(const at::Tensor& weight, std::int64_t rows);
    std::map<std::int64_t, at::Tensor> m_packed;     // by rows: oneDNN's layout depends on them
};

}
