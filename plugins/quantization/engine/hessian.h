#pragma once
// Curvature of a loss for each of several parameters: trace and largest eigenvalue of the parameter's own block of the Hessian (HAWQ, HAWQ-v2, PyHessian;
// specification of the module, section 3.1). By differentiating twice; convolutions run on LibTorch's own code meanwhile (plain_convolution.h).
// On the engine's work thread.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <functional>
#include <vector>

namespace lathe::quantization {

/// A scalar on the autograd graph of the parameters; called once for each estimate, and must give what can be differentiated twice.
using DifferentiableLoss = std::function<at::Tensor()>;
/// Hears how many Hessian products are done, of at most how many; may throw to cancel.
using HessianProgress = std::function<void(std::int64_t done, std::int64_t most)>;

struct HessianOptions {
    std::int64_t most = 100;              ///< probes of a trace, iterations for an eigenvalue
    double tolerance = 1e-3;              ///< done when no estimate changed by more than this share; 0: always `most`
    std::uint64_t seed = 0;
};

struct TraceEstimate {
    double trace = 0, standard_error = 0;
    std::int64_t probes = 0;
    bool settled = false;
};
struct EigenvalueEstimate {
    double value = 0;
    std::int64_t iterations = 0;
    bool settled = false;
};

/// Hutchinson's estimate: the mean over probes v of ±1 of v_l · (H v)_l; one product serves all parameters. Parameters are leaves, of any shape; one that the loss
/// does not depend on has trace 0. Throws Error(invalid_value) for a loss that is no finite number or depends on none of them, and for options out of range.
std::vector<TraceEstimate> hutchinson_trace(const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters, const HessianOptions& options = {}, const HessianProgress& progress = {});

/// One product for each element. Also throws Error(unsupported) beyond 65,536 elements in all.
std::vector<double> exact_trace(const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters, const HessianProgress& progress = {});

/// The eigenvalue of largest magnitude of each parameter's block, by power iteration from a direction by chance.
std::vector<EigenvalueEstimate> largest_eigenvalues(
    const DifferentiableLoss& loss, const std::vector<at::Tensor>& parameters, const HessianOptions& options = {}, const HessianProgress& progress = {});

}
